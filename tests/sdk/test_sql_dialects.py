"""Constructs of part of the dialects: a script, what it reads and writes, and by column.

Signs as in test_sql_kinds.py.
"""

from __future__ import annotations

import doctest

import pytest
from tests.support.sql.kinds import column_pairs, names

from fairlead_sdk.sql import names as names_of_sql
from fairlead_sdk.sql import read

CONSTRUCTS = [
    ('snowflake bigquery databricks spark redshift postgres mysql tsql oracle duckdb clickhouse trino hive teradata sqlite', 'CREATE VIEW v (a, b) AS (SELECT x, y FROM s)', 's', 'v', 'v.a <- s.x; v.b <- s.y'),
    ('snowflake bigquery databricks spark redshift postgres mysql oracle duckdb clickhouse trino hive teradata tsql', 'INSERT INTO r (a, b) (SELECT x, y FROM s)', 's', 'r', 'r.a <- s.x; r.b <- s.y'),
    ('snowflake bigquery databricks spark redshift postgres oracle duckdb trino teradata tsql', 'MERGE INTO r t USING (WITH c AS (SELECT k, v FROM s) SELECT k, v FROM c) u ON t.k = u.k WHEN MATCHED THEN UPDATE SET v = u.v WHEN NOT MATCHED THEN INSERT (k, v) VALUES (u.k, u.v)', 's', 'r', 'r.v <- s.v; r.k <- s.k'),
    ('snowflake bigquery redshift postgres duckdb sqlite tsql', 'WITH c AS (SELECT k, v FROM s) UPDATE r SET v = c.v FROM c WHERE r.k = c.k', 's', 'r', 'r.v <- s.v'),
    ('snowflake bigquery databricks spark redshift postgres mysql oracle duckdb clickhouse trino hive teradata sqlite', 'CREATE TABLE r AS SELECT CASE WHEN a > 0 THEN b ELSE (SELECT max(q) FROM u WHERE u.k = s.k) END AS n FROM s', 's u', 'r', 'r.n <- *s.b +u.q ?s.a'),
    ('snowflake databricks spark redshift duckdb clickhouse teradata', 'CREATE TABLE r AS SELECT a + 1 AS c, c * 2 AS d FROM (SELECT a FROM s) t', 's', 'r', 'r.c <- *s.a; r.d <- *s.a'),
    ('snowflake bigquery databricks redshift postgres mysql duckdb clickhouse trino teradata sqlite', 'CREATE TABLE r AS WITH RECURSIVE t (n, p) AS (SELECT id, parent FROM s WHERE parent IS NULL UNION ALL SELECT s.id, s.parent FROM s JOIN t ON s.parent = t.n) SELECT n, p FROM t', 's', 'r', 'r.n <- s.id; r.p <- s.parent'),
    ('oracle', 'CREATE TABLE r AS WITH t (n, p) AS (SELECT id, parent FROM s WHERE parent IS NULL UNION ALL SELECT s.id, s.parent FROM s JOIN t ON s.parent = t.n) SELECT n, p FROM t', 's', 'r', 'r.n <- s.id; r.p <- s.parent'),
    ('tsql', 'WITH t (n, p) AS (SELECT id, parent FROM s WHERE parent IS NULL UNION ALL SELECT s.id, s.parent FROM s JOIN t ON s.parent = t.n) SELECT n, p INTO r FROM t', 's', 'r', 'r.n <- s.id; r.p <- s.parent'),
    ('snowflake databricks spark redshift postgres mysql duckdb clickhouse trino teradata sqlite', 'CREATE TABLE r AS SELECT a, b FROM s EXCEPT SELECT c, d FROM u', 's u', 'r', 'r.a <- s.a; r.b <- s.b'),
    ('oracle', 'CREATE TABLE r AS SELECT a FROM s MINUS SELECT c FROM u', 's u', 'r', 'r.a <- s.a'),
    ('bigquery', 'CREATE TABLE r AS SELECT a, b FROM s EXCEPT DISTINCT SELECT c, d FROM u', 's u', 'r', 'r.a <- s.a; r.b <- s.b'),
    ('snowflake bigquery databricks redshift duckdb teradata clickhouse', 'CREATE TABLE r AS SELECT a, rank() OVER (PARTITION BY b ORDER BY c DESC) AS n FROM s QUALIFY n = 1', 's', 'r', 'r.a <- s.a; r.n <- ?s.b ?s.c'),
    ('trino', 'INSERT INTO r (i, k, v) SELECT s.id, t.k, t.v FROM s CROSS JOIN UNNEST(s.m) AS t (k, v)', 's', 'r', 'r.i <- s.id; r.k <- *s.m; r.v <- *s.m'),
    ('clickhouse', 'INSERT INTO r (i, k) SELECT id, x FROM s ARRAY JOIN items AS x', 's', 'r', 'r.i <- s.id; r.k <- *s.items'),
    ('clickhouse', 'INSERT INTO r (i, k) SELECT id, arrayJoin(items) AS x FROM s', 's', 'r', 'r.i <- s.id; r.k <- *s.items'),
    ('duckdb', 'CREATE TABLE r AS SELECT id, unnest(items) AS k FROM s', 's', 'r', 'r.id <- s.id; r.k <- *s.items'),
    ('redshift', 'CREATE TABLE r AS SELECT s.id, i FROM s, s.items AS i', 's', 'r', 'r.id <- s.id; r.i <- *s.items'),
    ('oracle', "CREATE TABLE r AS SELECT s.id, j.k FROM s, JSON_TABLE(s.doc, '$[*]' COLUMNS (k VARCHAR2(10) PATH '$.k')) j", 's', 'r', 'r.id <- s.id; r.k <- *s.doc'),
    ('mysql', "CREATE TABLE r AS SELECT s.id, j.k FROM s, JSON_TABLE(s.doc, '$[*]' COLUMNS (k VARCHAR(10) PATH '$.k')) j", 's', 'r', 'r.id <- s.id; r.k <- *s.doc'),
    ('postgres', 'CREATE TABLE r AS SELECT s.id, x.a FROM s, jsonb_to_recordset(s.doc) AS x(a int, b text)', 's', 'r', 'r.id <- s.id; r.a <- *s.doc'),
    ('postgres', 'CREATE TABLE r AS SELECT s.id, l.n FROM s LEFT JOIN LATERAL (SELECT count(u.x) AS n FROM u WHERE u.k = s.id) l ON true', 's u', 'r', 'r.id <- s.id; r.n <- +u.x'),
    ('hive', "FROM s LATERAL VIEW posexplode(items) t AS p, e INSERT OVERWRITE TABLE r PARTITION (d='x') SELECT id, p, e INSERT INTO TABLE q SELECT id", 's', 'r q', 'r.id <- s.id; r.p <- *s.items; r.e <- *s.items; q.id <- s.id'),
    ('databricks', 'CREATE TABLE r AS SELECT s.id, e.* FROM s, LATERAL explode(items) AS e(a)', 's', 'r', 'r.id <- s.id; r.a <- *s.items'),
    ('databricks', 'CREATE TABLE r AS SELECT id, raw:a.b::string AS ab FROM s', 's', 'r', 'r.id <- s.id; r.ab <- *s.raw'),
    ('bigquery', "CREATE TABLE r AS SELECT * FROM (SELECT k, m, v FROM s) PIVOT (SUM(v) AS t FOR m IN ('a', 'b'))", 's', 'r', 'r.k <- s.k; r.t_a <- +s.v ?s.m; r.t_b <- +s.v ?s.m'),
    ('databricks oracle', "CREATE TABLE r AS SELECT * FROM (SELECT k, m, v FROM s) PIVOT (SUM(v) FOR m IN ('a' AS a, 'b' AS b))", 's', 'r', 'r.k <- s.k; r.a <- +s.v ?s.m; r.b <- +s.v ?s.m'),
    ('oracle redshift', 'CREATE TABLE r AS SELECT k, m, v FROM s UNPIVOT (v FOR m IN (a, b))', 's', 'r', 'r.k <- s.k; r.v <- s.a s.b'),
    ('tsql', 'SELECT k, m, v INTO r FROM s UNPIVOT (v FOR m IN (a, b)) u', 's', 'r', 'r.k <- s.k; r.v <- s.a s.b'),
    ('databricks', 'CREATE TABLE r AS SELECT * EXCEPT (b) FROM (SELECT a, b FROM s)', 's', 'r', 'r.a <- s.a'),
    ('redshift', 'CREATE TABLE r AS SELECT * EXCLUDE b FROM (SELECT a, b FROM s)', 's', 'r', 'r.a <- s.a'),
    ('duckdb', 'CREATE TABLE r AS SELECT * EXCLUDE (b) REPLACE (a + b AS a) FROM (SELECT a, b FROM s)', 's', 'r', 'r.a <- *s.a *s.b'),
    ('duckdb', 'CREATE TABLE r AS FROM s SELECT a', 's', 'r', 'r.a <- s.a'),
    ('duckdb', 'CREATE TABLE r AS FROM (SELECT a FROM s)', 's', 'r', 'r.a <- s.a'),
    ('clickhouse', 'CREATE TABLE r ENGINE = MergeTree ORDER BY a AS SELECT * EXCEPT b FROM (SELECT a, b FROM s)', 's', 'r', 'r.a <- s.a'),
    ('teradata', 'CREATE VOLATILE TABLE v AS (SELECT a FROM s) WITH DATA ON COMMIT PRESERVE ROWS; INSERT INTO r (a) SELECT a FROM v', 's', 'r', 'r.a <- s.a'),
    ('snowflake clickhouse', 'CREATE TEMPORARY TABLE t AS SELECT a FROM s; INSERT INTO r (a) SELECT a FROM t', 's', 'r', 'r.a <- s.a'),
    ('snowflake', 'CREATE TRANSIENT TABLE t AS SELECT a FROM s', 's', 't', 't.a <- s.a'),
    ('oracle', 'CREATE GLOBAL TEMPORARY TABLE t ON COMMIT PRESERVE ROWS AS SELECT a FROM s; INSERT INTO r (a) SELECT a FROM t', 's', 'r', 'r.a <- s.a'),
    ('oracle', 'CREATE PRIVATE TEMPORARY TABLE ora$ptt_t AS SELECT a FROM s; INSERT INTO r (a) SELECT a FROM ora$ptt_t', 's', 'r', 'r.a <- s.a'),
    ('mysql', 'CREATE TEMPORARY TABLE t SELECT a FROM s; INSERT INTO r (a) SELECT a FROM t', 's', 'r', 'r.a <- s.a'),
    ('sqlite', 'CREATE TEMP TABLE t AS SELECT a FROM s; INSERT INTO r (a) SELECT a FROM temp.t', 's', 'r', 'r.a <- s.a'),
    ('duckdb', 'CREATE OR REPLACE TEMP TABLE t AS SELECT a FROM s; INSERT INTO r BY NAME SELECT a FROM t', 's', 'r', 'r.a <- s.a'),
    ('redshift', 'CREATE TEMP TABLE t AS SELECT a FROM s; INSERT INTO r (a) SELECT a FROM t; DROP TABLE t', 's', 'r', 'r.a <- s.a'),
    ('redshift', 'SELECT a INTO TEMP t FROM s; INSERT INTO r (a) SELECT a FROM t', 's', 'r', 'r.a <- s.a'),
    ('hive', 'CREATE TEMPORARY TABLE t AS SELECT a FROM s; INSERT INTO TABLE r SELECT a FROM t', 's', 'r', 'r.a <- s.a'),
    ('tsql', 'SELECT a INTO ##g FROM s; INSERT r (a) SELECT a FROM ##g', 's', 'r', 'r.a <- s.a'),
    ('hive', "INSERT OVERWRITE DIRECTORY '/out/x' SELECT a FROM s", 's', '', ''),
    ('hive', "INSERT OVERWRITE LOCAL DIRECTORY '/out/x' ROW FORMAT DELIMITED FIELDS TERMINATED BY ',' SELECT a FROM s", 's', '', ''),
    ('spark', "INSERT OVERWRITE DIRECTORY 's3://b/x' USING parquet SELECT a FROM s", 's', '', ''),
    ('databricks', 'INSERT OVERWRITE TABLE r PARTITION (d) SELECT a, d FROM s', 's', 'r', 'r.a <- s.a; r.d <- s.d'),
    ('snowflake', 'COPY INTO r FROM @st/path FILE_FORMAT = (TYPE = CSV)', '', 'r', ''),
    ('snowflake', "COPY INTO r (a, b) FROM (SELECT $1, $2 FROM @st) PATTERN='.*csv' ON_ERROR=CONTINUE", '', 'r', ''),
    ('snowflake', "COPY INTO 's3://b/o/' FROM (SELECT a FROM s) FILE_FORMAT=(TYPE=PARQUET) OVERWRITE=TRUE", 's', '', ''),
    ('snowflake', 'COPY INTO @st/o FROM s', 's', '', ''),
    ('redshift', "COPY r (a, b) FROM 's3://b/x' IAM_ROLE 'arn:aws:iam::1:role/x' FORMAT AS PARQUET", '', 'r', ''),
    ('redshift', "UNLOAD ('SELECT a FROM s WHERE b = ''x''') TO 's3://b/o' IAM_ROLE default PARQUET", 's', '', ''),
    ('redshift', "UNLOAD ($$SELECT a FROM s$$) TO 's3://b/o' IAM_ROLE 'x'", 's', '', ''),
    ('athena', "UNLOAD (SELECT a FROM s) TO 's3://b/o' WITH (format = 'PARQUET')", 's', '', ''),
    ('trino', "CALL system.sync_partition_metadata('a', 'b', 'ADD')", '', '', ''),
    ('postgres', "COPY r (a, b) FROM '/x.csv' CSV HEADER", '', 'r', ''),
    ('postgres', "COPY (SELECT a FROM s) TO '/x.csv' CSV", 's', '', ''),
    ('postgres', "COPY s TO PROGRAM 'gzip > /x.gz'", 's', '', ''),
    ('duckdb', "COPY s TO 'x.parquet' (FORMAT parquet)", 's', '', ''),
    ('duckdb', "COPY (FROM s) TO 'x.parquet'", 's', '', ''),
    ('duckdb', "COPY r FROM 'x.csv' (HEADER)", '', 'r', ''),
    ('databricks', "COPY INTO r FROM 's3://b/x' FILEFORMAT = CSV FORMAT_OPTIONS ('header' = 'true') COPY_OPTIONS ('mergeSchema' = 'true')", '', 'r', ''),
    ('databricks', "COPY INTO r FROM (SELECT a::int AS a FROM 's3://b/x') FILEFORMAT = CSV", '', 'r', ''),
    ('bigquery', "EXPORT DATA OPTIONS (uri='gs://b/x*.csv', format='CSV') AS SELECT a FROM d.s", 'd.s', '', ''),
    ('bigquery', "LOAD DATA INTO d.r FROM FILES (format='CSV', uris=['gs://b/x.csv'])", '', 'd.r', ''),
    ('bigquery', "LOAD DATA OVERWRITE d.r (a INT64) FROM FILES (format='CSV', uris=['gs://b/x.csv'])", '', 'd.r', ''),
    ('mysql', "LOAD DATA LOCAL INFILE '/x.csv' INTO TABLE r FIELDS TERMINATED BY ','", '', 'r', ''),
    ('mysql', "SELECT a INTO OUTFILE '/x.csv' FIELDS TERMINATED BY ',' FROM s", 's', '', ''),
    ('hive', "LOAD DATA INPATH '/x' OVERWRITE INTO TABLE r PARTITION (d='1')", '', 'r', ''),
    ('clickhouse', "INSERT INTO FUNCTION s3('https://b/x.csv', 'CSV') SELECT a FROM s", 's', '', ''),
    ('clickhouse', "INSERT INTO r SELECT a FROM s3('https://b/x.csv', 'CSV')", '', 'r', ''),
    ('clickhouse', "SELECT a FROM s INTO OUTFILE 'x.csv' FORMAT CSV", 's', '', ''),
    ('clickhouse', "INSERT INTO r (a) FROM INFILE 'x.csv' FORMAT CSV", '', 'r', ''),
    ('tsql', "BULK INSERT dbo.r FROM '/x.csv' WITH (FIRSTROW = 2)", '', 'dbo.r', ''),
    ('tsql', "COPY INTO dbo.r FROM 'https://acc.blob.core.windows.net/c/x.csv' WITH (FILE_TYPE = 'CSV')", '', 'dbo.r', ''),
    ('tsql', "INSERT INTO dbo.r (a) SELECT a FROM OPENROWSET(BULK '/x.csv', FORMAT = 'CSV') WITH (a int) AS f", '', 'dbo.r', ''),
    ('snowflake', 'CREATE OR REPLACE TABLE r CLONE d.p.s AT (OFFSET => -3600)', 'd.p.s', 'r', 'r.* <- d.p.s.*'),
    ('bigquery', 'CREATE TABLE d.r CLONE d.s', 'd.s', 'd.r', 'd.r.* <- d.s.*'),
    ('bigquery', 'CREATE TABLE d.r COPY d.s', 'd.s', 'd.r', 'd.r.* <- d.s.*'),
    ('bigquery', 'CREATE SNAPSHOT TABLE d.r CLONE d.s', 'd.s', 'd.r', 'd.r.* <- d.s.*'),
    ('databricks', 'CREATE OR REPLACE TABLE r SHALLOW CLONE s VERSION AS OF 3', 's', 'r', 'r.* <- s.*'),
    ('clickhouse', 'CREATE TABLE r AS s ENGINE = Memory', '', 'r', ''),
    ('clickhouse', 'EXCHANGE TABLES a AND b', 'b', 'a', 'a.* <- b.*'),
    ('clickhouse', "ALTER TABLE r REPLACE PARTITION '1' FROM s", 's', 'r', 'r.* <- s.*'),
    ('clickhouse', "ALTER TABLE s MOVE PARTITION '1' TO TABLE r", 's', 'r', 'r.* <- s.*'),
    ('oracle', 'ALTER TABLE r EXCHANGE PARTITION p1 WITH TABLE s INCLUDING INDEXES', 's', 'r', 'r.* <- s.*'),
    ('mysql', 'ALTER TABLE r EXCHANGE PARTITION p1 WITH TABLE s WITHOUT VALIDATION', 's', 'r', 'r.* <- s.*'),
    ('hive', "ALTER TABLE r EXCHANGE PARTITION (d='1') WITH TABLE s", 's', 'r', 'r.* <- s.*'),
    ('tsql', 'ALTER TABLE dbo.s SWITCH PARTITION 1 TO dbo.r PARTITION 1', 'dbo.s', 'dbo.r', 'dbo.r.* <- dbo.s.*'),
    ('redshift', 'ALTER TABLE r APPEND FROM s', 's', 'r', 'r.* <- s.*'),
    ('snowflake', 'INSERT OVERWRITE INTO r (a) SELECT a FROM s', 's', 'r', 'r.a <- s.a'),
    ('postgres', 'ALTER TABLE r ATTACH PARTITION s FOR VALUES IN (1)', 's', 'r', 'r.* <- s.*'),
    ('snowflake', 'CREATE TABLE r LIKE s; INSERT INTO r SELECT * FROM s', 's', 'r', 'r.* <- s.*'),
    ('snowflake', "CREATE PROCEDURE p() RETURNS STRING LANGUAGE SQL AS $$ BEGIN INSERT INTO r (a) SELECT a FROM s; RETURN 'x'; END; $$; CALL p();", 's', 'r', 'r.a <- s.a'),
    ('snowflake', "CREATE OR REPLACE PROCEDURE p() RETURNS STRING LANGUAGE SQL AS BEGIN INSERT INTO r (a) SELECT a FROM s; RETURN 'x'; END; CALL p()", 's', 'r', 'r.a <- s.a'),
    ('snowflake', 'EXECUTE IMMEDIATE $$ DECLARE n INT; BEGIN LET c CURSOR FOR SELECT a FROM f; FOR x IN c DO INSERT INTO r (a) SELECT a FROM s; END FOR; END $$', 'f s', 'r', 'r.a <- s.a'),
    ('snowflake', "CREATE TASK t WAREHOUSE = w SCHEDULE = '1 minute' AS INSERT INTO r (a) SELECT a FROM s", '', '', ''),
    ('snowflake', 'BEGIN; INSERT INTO r (a) SELECT a FROM s; COMMIT;', 's', 'r', 'r.a <- s.a'),
    ('snowflake', 'INSERT ALL WHEN a > 1 THEN INTO r (x) VALUES (a) ELSE INTO q (y) VALUES (b) SELECT a, b FROM s', 's', 'r q', 'r.x <- s.a; q.y <- s.b'),
    ('snowflake', 'INSERT FIRST WHEN a > 1 THEN INTO r (x) VALUES (a) SELECT a FROM s', 's', 'r', 'r.x <- s.a'),
    ('oracle', 'INSERT ALL INTO r (x) VALUES (a) INTO q (y) VALUES (b) SELECT a, b FROM s', 's', 'r q', 'r.x <- s.a; q.y <- s.b'),
    ('snowflake', "CREATE DYNAMIC TABLE r TARGET_LAG = '1 minute' WAREHOUSE = w AS SELECT a FROM s", 's', 'r', 'r.a <- s.a'),
    ('snowflake', 'CREATE OR REPLACE SECURE VIEW v COPY GRANTS AS SELECT a FROM s', 's', 'v', 'v.a <- s.a'),
    ('snowflake', 'CREATE MATERIALIZED VIEW v AS SELECT a FROM s', 's', 'v', 'v.a <- s.a'),
    ('snowflake', 'CREATE TABLE r AS SELECT t.a, m.b FROM s t ASOF JOIN u m MATCH_CONDITION (t.ts >= m.ts) ON t.k = m.k', 's u', 'r', 'r.a <- s.a; r.b <- u.b'),
    ('snowflake', 'CREATE TABLE r AS SELECT * FROM TABLE(RESULT_SCAN(LAST_QUERY_ID()))', '', 'r', ''),
    ('snowflake', 'CREATE TABLE r AS SELECT a FROM s MATCH_RECOGNIZE (PARTITION BY k ORDER BY t MEASURES first(x.v) AS a PATTERN (x+) DEFINE x AS v > 1)', 's', 'r', 'r.a <- +s.v'),
    ('snowflake', 'CREATE TABLE r AS SELECT a FROM SEMANTIC_VIEW(d.p.sv METRICS t.m AS a DIMENSIONS t.x)', 'd.p.sv', 'r', 'r.a <- d.p.sv.m'),
    ('snowflake', "CREATE STREAM st ON TABLE s; INSERT INTO r (a) SELECT a FROM st WHERE metadata$action = 'INSERT'", 'st', 'r', 'r.a <- st.a'),
    ('snowflake', "CREATE TABLE r AS SELECT a FROM s AT (TIMESTAMP => '2024-01-01'::timestamp) SAMPLE (10)", 's', 'r', 'r.a <- s.a'),
    ('bigquery', 'CREATE OR REPLACE PROCEDURE d.p(x INT64) BEGIN INSERT INTO d.r (a) SELECT a FROM d.s; END; CALL d.p(1);', 'd.s', 'd.r', 'd.r.a <- d.s.a'),
    ('bigquery', 'DECLARE x STRING; SET x = (SELECT max(a) FROM d.f); CREATE TEMP TABLE t AS SELECT a FROM d.s; MERGE d.r USING t ON false WHEN NOT MATCHED THEN INSERT ROW;', 'd.f d.s', 'd.r', 'd.r.a <- d.s.a'),
    ('bigquery', 'LOOP INSERT INTO d.r (a) SELECT a FROM d.s; BREAK; END LOOP;', 'd.s', 'd.r', 'd.r.a <- d.s.a'),
    ('bigquery', 'WHILE x < 3 DO INSERT INTO d.r (a) SELECT a FROM d.s; SET x = x + 1; END WHILE;', 'd.s', 'd.r', 'd.r.a <- d.s.a'),
    ('bigquery', 'FOR rec IN (SELECT a FROM d.f) DO INSERT INTO d.r (a) SELECT a FROM d.s; END FOR;', 'd.f d.s', 'd.r', 'd.r.a <- d.s.a'),
    ('bigquery', "CREATE TABLE d.r AS SELECT x.a, t.b FROM EXTERNAL_QUERY('p.us.c', 'SELECT a FROM pub.t') AS x JOIN d.t t ON t.k = x.a", 'd.t', 'd.r', 'd.r.b <- d.t.b'),
    ('bigquery', 'CREATE MATERIALIZED VIEW d.r PARTITION BY x CLUSTER BY y OPTIONS (enable_refresh = true) AS SELECT a FROM d.s', 'd.s', 'd.r', 'd.r.a <- d.s.a'),
    ('bigquery', "INSERT INTO d.r (a) SELECT a FROM `p.d.events_*` WHERE _TABLE_SUFFIX = '1'", 'p.d.events_*', 'd.r', 'd.r.a <- p.d.events_*.a'),
    ('bigquery', 'INSERT INTO d.r (a) SELECT a FROM `p`.`d`.`s$20240101` FOR SYSTEM_TIME AS OF CURRENT_TIMESTAMP()', 'p.d.s', 'd.r', 'd.r.a <- p.d.s.a'),
    ('bigquery', 'FROM d.s |> WHERE b > 1 |> AGGREGATE SUM(a) AS t GROUP BY k', 'd.s', '', ''),
    ('bigquery', 'CREATE TABLE d.r AS FROM d.s |> SELECT a, b |> EXTEND a + b AS c', 'd.s', 'd.r', 'd.r.a <- d.s.a; d.r.b <- d.s.b; d.r.c <- *d.s.a *d.s.b'),
    ('databricks', 'BEGIN INSERT INTO r (a) SELECT a FROM s; END', 's', 'r', 'r.a <- s.a'),
    ('databricks', 'CREATE OR REPLACE MATERIALIZED VIEW r AS SELECT a FROM s', 's', 'r', 'r.a <- s.a'),
    ('databricks', 'CREATE OR REPLACE PROCEDURE p() LANGUAGE SQL SQL SECURITY INVOKER AS BEGIN INSERT INTO r (a) SELECT a FROM s; END; CALL p()', 's', 'r', 'r.a <- s.a'),
    ('databricks', 'APPLY CHANGES INTO r FROM STREAM(s) KEYS (k) SEQUENCE BY ts', 's', 'r', 'r.* <- s.*'),
    ('databricks', "INSERT INTO r REPLACE WHERE d = '1' SELECT a FROM s", 's', 'r', 'r.a <- s.a'),
    ('databricks', 'SELECT a FROM s |> WHERE a > 1', 's', '', ''),
    ('databricks', "EXECUTE IMMEDIATE 'INSERT INTO r (a) SELECT a FROM s'", 's', 'r', 'r.a <- s.a'),
    ('spark', 'INSERT OVERWRITE r SELECT * FROM (SELECT a FROM s) DISTRIBUTE BY a SORT BY a', 's', 'r', 'r.a <- s.a'),
    ('spark', "CREATE TABLE r USING parquet LOCATION 's3://b/x' PARTITIONED BY (d) AS SELECT a, d FROM s", 's', 'r', 'r.a <- s.a; r.d <- s.d'),
    ('spark', "SELECT TRANSFORM (a, b) USING 'cat' AS (x, y) FROM s", 's', '', ''),
    ('spark', 'CREATE TABLE r AS SELECT /*+ BROADCAST(u) */ s.a FROM s LEFT SEMI JOIN u ON s.k = u.k', 's u', 'r', 'r.a <- s.a'),
    ('redshift', 'CREATE OR REPLACE PROCEDURE p() AS $$ BEGIN INSERT INTO r (a) SELECT a FROM s; END; $$ LANGUAGE plpgsql; CALL p();', 's', 'r', 'r.a <- s.a'),
    ('redshift', 'MERGE INTO r USING s ON r.k = s.k REMOVE DUPLICATES', 's', 'r', 'r.* <- s.*'),
    ('redshift', 'CREATE MATERIALIZED VIEW r AUTO REFRESH YES AS SELECT a FROM s', 's', 'r', 'r.a <- s.a'),
    ('redshift', "CREATE EXTERNAL TABLE x.r STORED AS PARQUET LOCATION 's3://b/x' AS SELECT a FROM s", 's', 'x.r', 'x.r.a <- s.a'),
    ('redshift', 'DELETE FROM r USING s WHERE r.k = s.k; INSERT INTO r SELECT * FROM s', 's', 'r', 'r.* <- s.*'),
    ('postgres', 'CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN INSERT INTO r (a) SELECT a FROM s; END $$; SELECT f();', 's', 'r', 'r.a <- s.a'),
    ('postgres', 'CREATE FUNCTION f() RETURNS void LANGUAGE sql BEGIN ATOMIC INSERT INTO r (a) SELECT a FROM s; END; ', '', '', ''),
    ('postgres', 'INSERT INTO r (a) SELECT a FROM s TABLESAMPLE SYSTEM (10) ORDER BY 1 FETCH FIRST 5 ROWS WITH TIES', 's', 'r', 'r.a <- s.a'),
    ('postgres', 'CREATE MATERIALIZED VIEW v AS TABLE s WITH NO DATA', 's', 'v', 'v.* <- s.*'),
    ('postgres', 'CREATE TABLE r PARTITION OF q FOR VALUES FROM (1) TO (2)', '', 'r', ''),
    ('postgres', 'MERGE INTO r USING s ON r.k = s.k WHEN MATCHED THEN DO NOTHING WHEN NOT MATCHED THEN INSERT VALUES (s.k, s.v)', 's', 'r', ''),
    ('postgres', 'CREATE TABLE r AS SELECT s.a, sum(s.b) FILTER (WHERE s.c) AS b, grouping(s.a) AS g FROM s GROUP BY GROUPING SETS ((s.a), ())', 's', 'r', 'r.a <- s.a; r.b <- +s.b ?s.c; r.g <- +s.a'),
    ('postgres', 'CREATE TABLE r AS SELECT DISTINCT ON (k) k, v FROM s ORDER BY k, t DESC', 's', 'r', 'r.k <- s.k; r.v <- s.v'),
    ('postgres', 'CREATE TABLE r AS SELECT (s).a, (s.c).d FROM s', 's', 'r', 'r.a <- *s.*; r.d <- *s.c'),
    ('postgres', "DO $$ DECLARE r record; BEGIN EXECUTE 'INSERT INTO r (a) SELECT a FROM s'; EXECUTE format('INSERT INTO %I SELECT 1', t); END $$", 's', 'r', 'r.a <- s.a'),
    ('mysql', 'INSERT INTO r SET a = 1, b = (SELECT max(x) FROM s)', 's', 'r', 'r.b <- +s.x'),
    ('mysql', 'REPLACE INTO r (a) SELECT a FROM s', 's', 'r', 'r.a <- s.a'),
    ('mysql', 'INSERT INTO r (a) TABLE s', 's', 'r', ''),
    ('mysql', 'UPDATE r, s SET r.a = s.a, s.b = 1 WHERE r.k = s.k', 's', 'r s', 'r.a <- s.a'),
    ('mysql', 'CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO INSERT INTO r (a) SELECT a FROM s', '', '', ''),
    ('mysql', 'DELETE FROM r USING r INNER JOIN s ON r.k = s.k', 's', 'r', ''),
    ('mysql', 'WITH c AS (SELECT k, v FROM s) UPDATE r JOIN c ON r.k = c.k SET r.v = c.v', 's', 'r', 'r.v <- s.v'),
    ('mysql', 'CREATE PROCEDURE p() BEGIN DECLARE done INT DEFAULT 0; DECLARE c CURSOR FOR SELECT a FROM f; DECLARE CONTINUE HANDLER FOR NOT FOUND SET done = 1; INSERT INTO r (a) SELECT a FROM s; END; CALL p();', 'f s', 'r', 'r.a <- s.a'),
    ('tsql', 'CREATE PROCEDURE dbo.p @x int AS BEGIN SET NOCOUNT ON; INSERT dbo.r (a) SELECT a FROM dbo.s WHERE b = @x END\nGO\nEXEC dbo.p 1', 'dbo.s', 'dbo.r', 'dbo.r.a <- dbo.s.a'),
    ('tsql', 'UPDATE dbo.r SET a = s.a OUTPUT deleted.a INTO dbo.h (a) FROM dbo.s AS s WHERE s.k = dbo.r.k', 'dbo.s', 'dbo.r dbo.h', 'dbo.r.a <- dbo.s.a'),
    ('tsql', 'DECLARE @x int; SELECT @x = max(a) FROM dbo.f; IF @x > 1 INSERT dbo.r (a) SELECT a FROM dbo.s ELSE DELETE dbo.q', 'dbo.f dbo.s', 'dbo.r dbo.q', 'dbo.r.a <- dbo.s.a'),
    ('tsql', 'MERGE dbo.r AS t USING (SELECT k, v FROM dbo.s) AS s (kk, vv) ON t.k = s.kk WHEN MATCHED THEN UPDATE SET t.v = s.vv WHEN NOT MATCHED BY TARGET THEN INSERT (k, v) VALUES (s.kk, s.vv) WHEN NOT MATCHED BY SOURCE THEN DELETE OUTPUT $action, inserted.k;', 'dbo.s', 'dbo.r', 'dbo.r.v <- dbo.s.v; dbo.r.k <- dbo.s.k'),
    ('tsql', "SELECT a INTO dbo.r FROM dbo.s CROSS APPLY STRING_SPLIT(b, ',')", 'dbo.s', 'dbo.r', 'dbo.r.a <- dbo.s.a'),
    ('tsql', 'INSERT INTO dbo.r (a) EXEC dbo.q', '', 'dbo.r', ''),
    ('tsql', "SELECT TOP (5) WITH TIES a INTO dbo.r FROM dbo.s FOR SYSTEM_TIME AS OF '2020-01-01' ORDER BY a OPTION (MAXDOP 1)", 'dbo.s', 'dbo.r', 'dbo.r.a <- dbo.s.a'),
    ('tsql', "SELECT a, (SELECT b FROM dbo.u FOR XML PATH('')) AS b INTO dbo.r FROM dbo.s", 'dbo.s dbo.u', 'dbo.r', 'dbo.r.a <- dbo.s.a; dbo.r.b <- dbo.u.b'),
    ('tsql', 'SELECT a = s.x, b = s.y + 1 INTO dbo.r FROM dbo.s s', 'dbo.s', 'dbo.r', 'dbo.r.a <- dbo.s.x; dbo.r.b <- *dbo.s.y'),
    ('tsql', 'INSERT INTO srv.d.dbo.r (a) SELECT a FROM srv.d.dbo.s', 'srv.d.dbo.s', 'srv.d.dbo.r', 'srv.d.dbo.r.a <- srv.d.dbo.s.a'),
    ('oracle', 'CREATE OR REPLACE PROCEDURE p IS BEGIN INSERT INTO r (a) SELECT a FROM s; COMMIT; END; \n/\nBEGIN p; END;\n/', 's', 'r', 'r.a <- s.a'),
    ('oracle', "BEGIN EXECUTE IMMEDIATE 'INSERT INTO r (a) SELECT a FROM s'; END;", 's', 'r', 'r.a <- s.a'),
    ('oracle', 'BEGIN FOR x IN (SELECT a FROM f) LOOP INSERT INTO r (a) VALUES (x.a); END LOOP; END;', 'f', 'r', 'r.a <- f.a'),
    ('oracle', 'CREATE TABLE r AS SELECT a, level AS l FROM s START WITH p IS NULL CONNECT BY PRIOR k = p', 's', 'r', 'r.a <- s.a'),
    ('oracle', 'CREATE TABLE r AS SELECT s.a, u.b FROM s, u WHERE s.k = u.k(+)', 's u', 'r', 'r.a <- s.a; r.b <- u.b'),
    ('oracle', 'UPDATE r SET (a, b) = (SELECT x, y FROM s WHERE s.k = r.k) WHERE EXISTS (SELECT 1 FROM s WHERE s.k = r.k)', 's', 'r', 'r.a <- s.x; r.b <- s.y'),
    ('oracle', 'CREATE MATERIALIZED VIEW v BUILD IMMEDIATE REFRESH COMPLETE ON DEMAND AS SELECT a FROM s', 's', 'v', 'v.a <- s.a'),
    ('oracle', 'INSERT /*+ APPEND */ INTO r (a) SELECT /*+ PARALLEL(4) */ a FROM s@remote', 's@remote', 'r', 'r.a <- s@remote.a'),
    ('clickhouse', 'CREATE MATERIALIZED VIEW v TO r AS SELECT a, count() AS n FROM s GROUP BY a', 's', 'v r', 'v.a <- s.a; r.a <- s.a'),
    ('clickhouse', 'INSERT INTO r (a) SELECT a FROM s FINAL PREWHERE b = 1 SETTINGS max_threads = 1', 's', 'r', 'r.a <- s.a'),
    ('clickhouse', 'INSERT INTO r (a, b) SELECT argMax(a, t), uniq(b) FROM s GROUP BY k', 's', 'r', 'r.a <- +s.a +s.t; r.b <- +s.b'),
    ('clickhouse', "CREATE TABLE r ENGINE = MergeTree ORDER BY tuple() AS SELECT dictGet('d.x', 'n', k) AS n FROM s", 's d.x', 'r', 'r.n <- ?s.k d.x.n'),
    ('clickhouse', 'CREATE TABLE r ENGINE=Memory AS WITH 1 AS one, (SELECT max(z) FROM u) AS m SELECT a, m AS mm FROM s', 'u s', 'r', 'r.a <- s.a; r.mm <- +u.z'),
    ('clickhouse', 'SELECT a FROM s LIMIT 1 BY k', 's', '', ''),
    ('trino', 'INSERT INTO r SELECT * FROM (SELECT a FROM s) TABLESAMPLE BERNOULLI (10)', 's', 'r', 'r.a <- s.a'),
    ('trino', "CREATE TABLE r WITH (format = 'ORC') AS SELECT a FROM s WITH NO DATA", '', 'r', ''),
    ('trino', "CREATE OR REPLACE MATERIALIZED VIEW v GRACE PERIOD INTERVAL '1' DAY AS SELECT a FROM s", 's', 'v', 'v.a <- s.a'),
    ('trino', 'MERGE INTO r USING s ON r.k = s.k WHEN MATCHED AND s.d THEN DELETE WHEN MATCHED THEN UPDATE SET v = s.v', 's', 'r', 'r.v <- s.v'),
    ('hive', "INSERT INTO TABLE r PARTITION (d = '1') SELECT a FROM s", 's', 'r', 'r.a <- s.a'),
    ('hive', "CREATE TABLE r STORED AS ORC TBLPROPERTIES ('x' = 'y') AS SELECT a FROM s", 's', 'r', 'r.a <- s.a'),
    ('hive', 'MERGE INTO r USING s ON r.k = s.k WHEN MATCHED THEN UPDATE SET v = s.v WHEN NOT MATCHED THEN INSERT VALUES (s.k, s.v)', 's', 'r', 'r.v <- s.v'),
    ('teradata', 'INS INTO r (a) SEL a FROM s', 's', 'r', 'r.a <- s.a'),
    ('teradata', 'UPD r FROM s SET a = s.a WHERE r.k = s.k', 's', 'r', 'r.a <- s.a'),
    ('teradata', 'UPDATE r FROM s SET a = s.a WHERE r.k = s.k', 's', 'r', 'r.a <- s.a'),
    ('teradata', 'DEL FROM r ALL', '', 'r', ''),
    ('teradata', 'CREATE MULTISET TABLE r, NO FALLBACK AS (SELECT a FROM s) WITH DATA PRIMARY INDEX (a)', 's', 'r', 'r.a <- s.a'),
    ('teradata', 'REPLACE VIEW v AS LOCKING ROW FOR ACCESS SELECT a FROM s', 's', 'v', 'v.a <- s.a'),
    ('teradata', 'MERGE INTO r USING s ON r.k = s.k WHEN MATCHED THEN UPDATE SET v = s.v WHEN NOT MATCHED THEN INSERT (k, v) VALUES (s.k, s.v)', 's', 'r', 'r.v <- s.v; r.k <- s.k'),
    ('teradata', 'REPLACE PROCEDURE p() BEGIN INSERT INTO r (a) SELECT a FROM s; END; CALL p();', 's', 'r', 'r.a <- s.a'),
    ('sqlite', 'INSERT OR REPLACE INTO r (a) SELECT a FROM s', 's', 'r', 'r.a <- s.a'),
    ('sqlite', 'INSERT INTO r (a) SELECT a FROM s WHERE true ON CONFLICT (a) DO UPDATE SET b = excluded.a', 's', 'r', 'r.a <- s.a; r.b <- s.a'),
    ('sqlite', 'UPDATE r SET v = (SELECT v FROM s WHERE s.k = r.k)', 's', 'r', 'r.v <- s.v'),
    ('sqlite', 'CREATE TRIGGER t AFTER INSERT ON s BEGIN INSERT INTO r (a) VALUES (NEW.a); END', '', '', ''),
    ('duckdb', 'INSERT OR IGNORE INTO r (a) SELECT a FROM s', 's', 'r', 'r.a <- s.a'),
    ('duckdb', 'CREATE TABLE r AS SELECT a FROM s POSITIONAL JOIN u', 's u', 'r', ''),
    ('duckdb', "CREATE TABLE r AS SELECT a FROM read_csv('x.csv')", '', 'r', ''),
    ('duckdb', 'CREATE TABLE r AS UNPIVOT (SELECT k, a, b FROM s) ON a, b INTO NAME n VALUE v', 's', 'r', 'r.k <- s.k; r.v <- s.a s.b'),
    ('duckdb', "CREATE TABLE r AS SELECT COLUMNS('a.*') FROM (SELECT a1, a2, b FROM s)", 's', 'r', 'r.a1 <- s.a1; r.a2 <- s.a2'),
    ('duckdb', 'CREATE TABLE r AS SELECT list_transform(l, x -> x + n) AS l FROM s', 's', 'r', 'r.l <- *s.l *s.n'),
    ('snowflake', 'CREATE TABLE r AS SELECT transform(l, x -> x + 1) AS l FROM s', 's', 'r', 'r.l <- *s.l'),
    ('spark', 'CREATE TABLE r AS SELECT aggregate(l, 0, (acc, x) -> acc + x) AS l, s.st.f AS g FROM s', 's', 'r', 'r.l <- *s.l; r.g <- *s.st'),
    ('trino', 'CREATE TABLE r AS SELECT reduce(l, 0, (a, x) -> a + x, a -> a) AS l FROM s', 's', 'r', 'r.l <- *s.l'),
    ("postgres", "CREATE TABLE r WITH (appendonly=true) AS SELECT a FROM s DISTRIBUTED BY (a)", "s", "r", "r.a <- s.a"),
    ("postgres", "CREATE TABLE r AS SELECT a FROM s DISTRIBUTED RANDOMLY", "s", "r", "r.a <- s.a"),
    ("mysql", "INSERT INTO r WITH LABEL x SELECT a AS a FROM s", "s", "r", "r.a <- s.a"),
    ('snowflake', 'SELECT a FROM s ->> CREATE TABLE r AS SELECT a FROM $1', 's', 'r', 'r.a <- s.a'),
    ('snowflake', 'SELECT a FROM s ->> SELECT b FROM u ->> INSERT INTO r (a, b) SELECT x.a, y.b FROM $2 x JOIN $1 y', 's u', 'r', 'r.a <- s.a; r.b <- u.b'),
    ('oracle', 'UPDATE (SELECT r.v o, s.v n FROM r JOIN s ON r.k = s.k WHERE s.k > 1) SET o = n', 's', 'r', 'r.v <- s.v'),
    ('oracle', 'UPDATE (SELECT v FROM r WHERE k = 1) SET v = 2', '', 'r', ''),
    ('oracle', 'DELETE FROM (SELECT * FROM r WHERE a = 1)', '', 'r', ''),
    ('oracle', 'INSERT INTO (SELECT a FROM r) SELECT b FROM s', 's', 'r', 'r.a <- s.b'),
    ('oracle', 'DECLARE CURSOR c IS SELECT a FROM s; BEGIN NULL; END;', 's', '', ''),
    ('oracle', 'INSERT INTO r (a) SELECT a FROM s LOG ERRORS INTO e REJECT LIMIT UNLIMITED', 's', 'r', 'r.a <- s.a'),
    ('oracle teradata postgres', 'CREATE TABLE r AS (SELECT a FROM s) WITH NO DATA', '', 'r', ''),
    ('teradata', 'INSERT INTO r (a) LOCKING TABLE s FOR ACCESS SELECT a FROM s', 's', 'r', 'r.a <- s.a'),
    ('teradata', 'UPDATE r FROM (SELECT a, b FROM s) d SET b = d.b WHERE r.a = d.a ELSE INSERT (d.a, d.b)', 's', 'r', 'r.b <- s.b'),
    ('teradata', 'CREATE TABLE r AS (SELECT a FROM s) WITH DATA AND STATS', 's', 'r', 'r.a <- s.a'),
    ('teradata', 'CREATE MACRO m AS (INSERT INTO r (a) SELECT a FROM s;); EXEC m;', 's', 'r', 'r.a <- s.a'),
    ('teradata', 'DATABASE d; INSERT INTO r (a) SELECT a FROM s', 'd.s', 'd.r', 'd.r.a <- d.s.a'),
    ('teradata', '.LOGON x/y,z\nINSERT INTO r (a) SELECT a FROM s;\n.IF ERRORCODE <> 0 THEN .QUIT 8\n', 's', 'r', 'r.a <- s.a'),
    ('clickhouse', "INSERT INTO r (a) SELECT a FROM cluster('c', d.s)", 'd.s', 'r', 'r.a <- d.s.a'),
    ('clickhouse', "CREATE DICTIONARY r (a UInt64) PRIMARY KEY a SOURCE(CLICKHOUSE(TABLE 's')) LAYOUT(FLAT())", 's', 'r', 'r.* <- s.*'),
    ('clickhouse', 'CREATE TABLE r CLONE AS s', 's', 'r', 'r.* <- s.*'),
    ('clickhouse', 'CREATE VIEW r AS SELECT a FROM s WHERE b IN u', 's u', 'r', 'r.a <- s.a'),
    ('clickhouse', 'INSERT INTO r FORMAT CSV 1,2', '', 'r', ''),
]  # fmt: skip


@pytest.mark.parametrize(
    ("dialect", "script", "reads", "writes", "columns"),
    [(dialect, *rest) for dialects, *rest in CONSTRUCTS for dialect in dialects.split()],
)
def test_a_construct_is_read_in_every_dialect_that_has_it(
    dialect: str, script: str, reads: str, writes: str, columns: str
) -> None:
    reading = read(script, dialect)
    assert (names(reading.reads), names(reading.writes), column_pairs(reading)) == (
        reads,
        writes,
        columns,
    )
    assert reading.errors == []


@pytest.mark.parametrize(
    ("dialect", "script", "reads", "writes"),
    [
        (
            "postgres",
            "INSERT INTO r (a) SELECT a FROM s, u AS x JOIN d.v USING (k) ??",
            "s u d.v",
            "r",
        ),
        (
            "postgres",
            "WITH c AS (SELECT 1) INSERT INTO r SELECT trim(BOTH FROM z) = = 1 FROM c, s",
            "s",
            "r",
        ),
        ("snowflake", 'MERGE INTO "A"."B".r USING s ON ?? = 1', "s", "A.B.r"),
    ],
)
def test_a_statement_that_cannot_be_read_has_its_tables_and_says_so(
    dialect: str, script: str, reads: str, writes: str
) -> None:
    reading = read(script, dialect)
    assert (names(reading.reads), names(reading.writes)) == (reads, writes)
    assert len(reading.errors) == 1
    assert reading.columns == {}


def test_words_that_are_no_statement_name_no_tables() -> None:
    reading = read("INSERT ALSO FAILING; FAILING STATEMENT FROM x", "postgres")
    assert (reading.reads, reading.writes, len(reading.errors)) == ([], [], 2)


@pytest.mark.parametrize(
    ("dialect", "script", "why"),
    [
        (
            "bigquery",
            "CREATE TABLE d.r AS SELECT a FROM EXTERNAL_QUERY('p.us.c', 'SELECT a FROM t')",
            "p.us.c",
        ),
        ("tsql", "SELECT a INTO dbo.r FROM OPENQUERY(srv, 'SELECT a FROM t')", "openquery"),
        (
            "postgres",
            "CREATE TABLE r AS SELECT a FROM dblink('x', 'SELECT a FROM t') AS t(a int)",
            "dblink",
        ),
    ],
)
def test_what_is_read_at_another_server_is_named_as_unknown(
    dialect: str, script: str, why: str
) -> None:
    assert any(why in note for note in read(script, dialect).unknown)


@pytest.mark.parametrize(
    "script",
    [
        "COPY INTO r FROM @s.st/x",
        "COPY INTO @s.st/x FROM r",
        "COPY INTO r FROM (SELECT $1 FROM @s.st/x)",
    ],
)
def test_a_stage_whose_address_only_the_server_knows_is_named(script: str) -> None:
    assert read(script, "snowflake").unknown == ["the address of the stage @s.st/x is not known"]


def test_a_column_that_a_known_table_got_later_is_read_where_it_is_named_with_its_table() -> None:
    known = {"s": {"a": "int"}}
    reading = read(
        "CREATE TABLE r AS SELECT s.a, s.b, c FROM s", "postgres", lambda t: known.get(t.name)
    )
    assert column_pairs(reading) == "r.a <- s.a; r.b <- s.b"
    assert len(reading.unknown) == 2


def test_what_exists_asks_only_for_rows() -> None:
    known = {"s": {"a": "", "k": ""}, "u": {"k": "", "ok": "", "other": ""}}
    reading = read(
        "CREATE TABLE r AS SELECT a FROM s WHERE EXISTS (SELECT * FROM u WHERE u.k = s.k AND u.ok)",
        "postgres",
        lambda table: known.get(table.name),
    )
    [rows] = reading.indirect.values()
    assert sorted(f"{s.table}.{s.column}" for s in rows) == ["s.k", "u.k", "u.ok"]


@pytest.mark.parametrize("dialect", ["clickhouse", "postgres"])
def test_of_columns_that_differ_by_letters_the_one_that_is_spelled_is_meant(dialect: str) -> None:
    known = {"s": {"Id": "", "id": "", "Day": ""}, "t": {"a": "", "b": ""}}
    script = 'INSERT INTO t (a, b) SELECT "id" AS a, "DAY" AS b FROM (SELECT * FROM s) AS q'
    [columns] = read(script, dialect, lambda table: known.get(table.name)).columns.values()
    found = {name: sorted(source.column for source in sources) for name, sources in columns.items()}
    assert found == {"a": ["id"], "b": ["Day"]}


def test_examples_in_the_docs_are_true() -> None:
    assert doctest.testmod(names_of_sql).failed == 0
