"""Constructs of real warehouses, by kind: a script, what it reads and writes, and by column.

`t.a <- s.b` is a column and what it is made of; `*` stands for a transformation, `+` for an aggregation,
`?` for a condition or a window.
"""

from __future__ import annotations

from fairlead_sdk.sql import Reading, Table

SIGNS = {"IDENTITY": "", "TRANSFORMATION": "*", "AGGREGATION": "+"}


def column_pairs(reading: Reading) -> str:
    """The columns of everything that is written."""
    return "; ".join(
        f"{table}.{name} <- "
        + " ".join(sorted({f"{SIGNS.get(s.how, '?')}{s.table}.{s.column}" for s in sources}))
        for table, columns in reading.columns.items()
        for name, sources in columns.items()
    )


def names(tables: list[Table]) -> str:
    return " ".join(map(str, tables))


KINDS = [
    # -- names that are several things
    (
        "postgres",
        "INSERT INTO r (id) WITH orders AS (SELECT * FROM orders WHERE ok) SELECT id FROM orders",
        "orders",
        "r",
        "r.id <- orders.id",
    ),
    (
        "postgres",
        "MERGE INTO b t USING (SELECT t.k, t.d FROM m t) s ON t.k = s.k WHEN MATCHED THEN UPDATE SET n = t.n + s.d",
        "m",
        "b",
        "b.n <- *b.n *m.d",
    ),
    (
        "postgres",
        "CREATE TABLE r AS WITH a AS (SELECT x FROM s), b AS (WITH a AS (SELECT y AS x FROM u) SELECT x FROM a) SELECT a.x, b.x AS z FROM a, b",
        "s u",
        "r",
        "r.x <- s.x; r.z <- u.y",
    ),
    # -- tables that do not outlive the script
    (
        "postgres",
        "CREATE TEMP TABLE Tmp AS SELECT id, n * 2 AS n FROM s; INSERT INTO r (i, n) SELECT id, n FROM tmp; DROP TABLE tmp",
        "s",
        "r",
        "r.i <- s.id; r.n <- *s.n",
    ),
    (
        "postgres",
        "CREATE TEMP TABLE tmp (i int, n int); INSERT INTO tmp SELECT a, b FROM s; INSERT INTO r (x) SELECT n FROM tmp",
        "s",
        "r",
        "r.x <- s.b",
    ),
    (
        "sqlite",
        "DROP TABLE IF EXISTS st; CREATE TABLE st AS SELECT * FROM s; INSERT INTO r (a) SELECT a FROM st; DROP TABLE st",
        "s",
        "r",
        "r.a <- s.a",
    ),
    (
        "tsql",
        "IF OBJECT_ID('tempdb..#p') IS NOT NULL DROP TABLE #p;\nSELECT a INTO #p FROM dbo.s\nINSERT INTO dbo.r (a) SELECT a FROM #p",
        "dbo.s",
        "dbo.r",
        "dbo.r.a <- dbo.s.a",
    ),
    (
        "spark",
        "CREATE OR REPLACE TEMPORARY VIEW v AS SELECT a FROM s; CACHE TABLE c AS SELECT b FROM u; INSERT INTO r (a, b) SELECT v.a, c.b FROM v JOIN c",
        "s u",
        "r",
        "r.a <- s.a; r.b <- u.b",
    ),
    (
        "bigquery",
        "BEGIN\n CREATE TEMP TABLE p AS SELECT a FROM q.d.s;\n INSERT INTO q.d.r (a) SELECT a FROM p;\nEND;",
        "q.d.s",
        "q.d.r",
        "q.d.r.a <- q.d.s.a",
    ),
    # -- tables that take another's place
    (
        "mysql",
        "CREATE TABLE r_new AS SELECT a FROM s; RENAME TABLE r TO r_old, r_new TO r; DROP TABLE r_old",
        "s",
        "r",
        "r.a <- s.a",
    ),
    (
        "snowflake",
        "CREATE TABLE d.p.n AS SELECT a FROM d.p.s; ALTER TABLE d.p.r SWAP WITH d.p.n; DROP TABLE d.p.n",
        "d.p.s",
        "d.p.r",
        "d.p.r.a <- d.p.s.a",
    ),
    (
        "tsql",
        "SELECT a INTO dbo.r_new FROM dbo.s\nDROP TABLE dbo.r\nEXEC sp_rename 'dbo.r_new', 'r'",
        "dbo.s",
        "dbo.r",
        "dbo.r.a <- dbo.s.a",
    ),
    ("hive", "ALTER TABLE r EXCHANGE PARTITION (d='1') WITH TABLE s", "s", "r", "r.* <- s.*"),
    ("snowflake", "CREATE TABLE r CLONE s", "s", "r", "r.* <- s.*"),
    # -- changes of rows
    (
        "postgres",
        "WITH p AS (SELECT c, sum(n) AS n FROM s GROUP BY c) UPDATE r x SET n = p.n FROM p WHERE x.c = p.c",
        "s",
        "r",
        "r.n <- +s.n",
    ),
    (
        "tsql",
        "WITH p AS (SELECT c, n FROM dbo.s) MERGE dbo.r AS t USING p ON t.c = p.c WHEN MATCHED THEN UPDATE SET n = p.n WHEN NOT MATCHED THEN INSERT (c, n) VALUES (p.c, p.n);",
        "dbo.s",
        "dbo.r",
        "dbo.r.n <- dbo.s.n; dbo.r.c <- dbo.s.c",
    ),
    (
        "tsql",
        "UPDATE t SET t.n += s.n FROM dbo.r t JOIN dbo.s s ON s.c = t.c",
        "dbo.s",
        "dbo.r",
        "dbo.r.n <- *dbo.r.n *dbo.s.n",
    ),
    ("tsql", "DELETE t FROM dbo.r t JOIN dbo.s s ON s.c = t.c", "dbo.s", "dbo.r", ""),
    ("mysql", "UPDATE r JOIN s ON r.c = s.c SET r.n = s.n", "s", "r", "r.n <- s.n"),
    ("postgres", "UPDATE r SET (a, b) = (SELECT x, y FROM s)", "s", "r", "r.a <- s.x; r.b <- s.y"),
    (
        "postgres",
        "INSERT INTO r (k, n) SELECT k, n FROM s ON CONFLICT (k) DO UPDATE SET n = r.n + EXCLUDED.n, m = EXCLUDED.n",
        "s",
        "r",
        "r.k <- s.k; r.n <- *r.n *s.n s.n; r.m <- s.n",
    ),
    (
        "mysql",
        "INSERT INTO r (k, n) SELECT k, n FROM s ON DUPLICATE KEY UPDATE n = VALUES(n)",
        "s",
        "r",
        "r.k <- s.k; r.n <- s.n",
    ),
    (
        "databricks",
        "MERGE INTO r USING (SELECT k, n FROM s) x ON r.k = x.k WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *",
        "s",
        "r",
        "r.k <- s.k; r.n <- s.n",
    ),
    # -- arrays, rows of values, functions that give tables
    (
        "bigquery",
        "INSERT INTO r (i, k) SELECT e.id, item.sku FROM p.d.s AS e, UNNEST(e.items) AS item",
        "p.d.s",
        "r",
        "r.i <- p.d.s.id; r.k <- *p.d.s.items",
    ),
    (
        "bigquery",
        "INSERT INTO r (i, k) SELECT e.id, item.sku FROM p.d.s AS e, e.items AS item",
        "p.d.s",
        "r",
        "r.i <- p.d.s.id; r.k <- *p.d.s.items",
    ),
    (
        "postgres",
        "INSERT INTO r (i, k, n) SELECT s.id, u.tag, v.name FROM s, unnest(s.tags) AS u(tag) JOIN (VALUES (1, 'a')) AS v(id, name) ON true",
        "s",
        "r",
        "r.i <- s.id; r.k <- *s.tags",
    ),
    (
        "spark",
        "INSERT INTO r (i, k) SELECT s.id, x.k FROM s LATERAL VIEW explode(s.items) x AS k",
        "s",
        "r",
        "r.i <- s.id; r.k <- *s.items",
    ),
    (
        "snowflake",
        "CREATE TABLE r AS SELECT s.id, f.value:k::int AS k, f.index AS n FROM s, LATERAL FLATTEN(input => s.items) f",
        "s",
        "r",
        "r.id <- s.id; r.k <- *s.items; r.n <- *s.items",
    ),
    (
        "tsql",
        "INSERT INTO r (i, k) SELECT s.id, j.k FROM s CROSS APPLY OPENJSON(s.doc) WITH (k int '$.k') j",
        "s",
        "r",
        "r.i <- s.id; r.k <- *s.doc",
    ),
    (
        "tsql",
        "SELECT s.id, b.n INTO r FROM s OUTER APPLY (SELECT TOP 1 u.n FROM u WHERE u.id = s.id) b",
        "s u",
        "r",
        "r.id <- s.id; r.n <- u.n",
    ),
    # -- positions, stars, names
    (
        "postgres",
        "CREATE VIEW v (a, b) AS ((SELECT x, y FROM s) UNION ALL SELECT q, p FROM u)",
        "s u",
        "v",
        "v.a <- s.x u.q; v.b <- s.y u.p",
    ),
    (
        "bigquery",
        "CREATE TABLE r AS SELECT * EXCEPT (b) REPLACE (c + a AS c) FROM (SELECT a, b, c FROM s)",
        "s",
        "r",
        "r.a <- s.a; r.c <- *s.a *s.c",
    ),
    (
        "snowflake",
        "CREATE TABLE r AS SELECT x.* EXCLUDE b RENAME (a AS z), u.d FROM (SELECT a, b FROM s) x JOIN u ON x.a = u.a",
        "s u",
        "r",
        "r.z <- s.a; r.d <- u.d",
    ),
    (
        "duckdb",
        "CREATE TABLE r AS SELECT a, b FROM s UNION ALL BY NAME SELECT b, a FROM u",
        "s u",
        "r",
        "r.a <- s.a u.a; r.b <- s.b u.b",
    ),
    (
        "snowflake",
        "CREATE TABLE r AS SELECT a + 1 AS c, c * 2 AS d FROM s",
        "s",
        "r",
        "r.c <- *s.a; r.d <- *s.a",
    ),
    ("postgres", "CREATE TABLE r AS SELECT a + 1 AS c, c * 2 AS d FROM s", "s", "r", "r.c <- *s.a; r.d <- *s.c"),
    (
        "postgres",
        "CREATE TABLE r AS SELECT id, x.a FROM s JOIN u USING (id) JOIN x ON x.i = u.i",
        "s u x",
        "r",
        "r.id <- s.id; r.a <- x.a",
    ),
    # -- conditions, windows, pivots, recursion
    (
        "postgres",
        "CREATE TABLE r AS SELECT CASE WHEN a > 0 THEN b ELSE (SELECT max(q) FROM u WHERE u.k = s.k) END AS n FROM s",
        "s u",
        "r",
        "r.n <- *s.b +u.q ?s.a",
    ),
    (
        "snowflake",
        "CREATE TABLE r AS SELECT a, sum(b) OVER (PARTITION BY c ORDER BY d) AS n FROM s QUALIFY row_number() OVER (ORDER BY e) = 1",
        "s",
        "r",
        "r.a <- s.a; r.n <- +s.b ?s.c ?s.d",
    ),
    (
        "snowflake",
        "CREATE TABLE r AS SELECT k, x FROM s PIVOT (sum(n) FOR m IN ('x' AS x, 'y' AS y)) AS p",
        "s",
        "r",
        "r.k <- s.k; r.x <- +s.n ?s.m",
    ),
    (
        "snowflake",
        "CREATE TABLE r AS SELECT k, m, n FROM s UNPIVOT (n FOR m IN (a, b))",
        "s",
        "r",
        "r.k <- s.k; r.n <- s.a s.b",
    ),
    (
        "postgres",
        "CREATE TABLE r AS WITH RECURSIVE t(i, p) AS (SELECT id, up FROM s UNION ALL SELECT s.id, t.i FROM s JOIN t ON s.up = t.i) SELECT i, p FROM t",
        "s",
        "r",
        "r.i <- s.id; r.p <- s.id s.up",
    ),
    # -- what only some databases have
    ("snowflake", "MERGE INTO identifier('a.b') t USING s ON t.k = s.k WHEN MATCHED THEN UPDATE SET v = s.v", "s", "a.b", "a.b.v <- s.v"),
    ("snowflake", "CREATE TABLE r AS SELECT d.s.t.id, d.s.t.f.g AS g FROM d.s.t", "d.s.t", "r", "r.id <- d.s.t.id; r.g <- *d.s.t.f"),
    ("oracle", "MERGE INTO r USING (SELECT k, v FROM s) x ON (r.k = x.k) WHEN MATCHED THEN UPDATE SET r.v = x.v DELETE WHERE r.v = 0 WHEN NOT MATCHED THEN INSERT (k) VALUES (x.k)", "s", "r", "r.v <- s.v; r.k <- s.k"),
    ("oracle", "DECLARE v NUMBER; BEGIN SELECT max(a) INTO v FROM s; UPDATE t SET b = v; END;", "s", "t", "t.b <- +s.a"),
    ("bigquery", "MERGE d.r USING (SELECT * FROM d.a UNION ALL SELECT * FROM d.b) ON FALSE WHEN NOT MATCHED THEN INSERT (p) VALUES (p)", "d.a d.b", "d.r", "d.r.p <- d.a.p d.b.p"),
    ("bigquery", "CREATE TABLE r AS SELECT p.code FROM d.t LEFT JOIN UNNEST(items) AS p", "d.t", "r", "r.code <- *d.t.items"),
    ("databricks", "CREATE OR REPLACE TABLE r DEEP CLONE s", "s", "r", "r.* <- s.*"),
    ("databricks", "CREATE OR REFRESH STREAMING TABLE r AS SELECT a FROM STREAM(live.s)", "live.s", "r", "r.a <- live.s.a"),
    ("duckdb", "CREATE TABLE r AS SELECT g FROM (PIVOT s ON k USING sum(v) GROUP BY g)", "s", "r", "r.g <- s.g"),
    ("redshift", "CREATE TABLE #x DISTKEY (1) AS SELECT a FROM p.q; INSERT INTO r (a) SELECT a FROM #x", "p.q", "r", "r.a <- p.q.a"),
    ("teradata", "CREATE VOLATILE TABLE v AS (SEL a FROM s) WITH DATA ON COMMIT PRESERVE ROWS; INSERT INTO r (a) SEL a FROM v", "s", "r", "r.a <- s.a"),
    ("tsql", "DECLARE @t TABLE (a int); INSERT INTO @t SELECT x FROM dbo.s; INSERT INTO dbo.r (a) SELECT a FROM @t", "dbo.s", "dbo.r", "dbo.r.a <- dbo.s.x"),
    ("tsql", "INSERT INTO dbo.r (a) OUTPUT inserted.a INTO dbo.log (a) SELECT a FROM dbo.s", "dbo.s", "dbo.r dbo.log", "dbo.r.a <- dbo.s.a"),
    ("mysql", "DELETE r, q FROM r JOIN q ON r.k = q.k JOIN s ON s.k = r.k", "s", "r q", ""),
    ("tsql", "WITH a AS (SELECT x FROM dbo.s), b AS (SELECT x FROM a) INSERT INTO dbo.r (x) SELECT x FROM b", "dbo.s", "dbo.r", "dbo.r.x <- dbo.s.x"),
    ("tsql", "SELECT p.k, p.a INTO dbo.r FROM (SELECT k, m, v FROM dbo.s) x PIVOT (sum(v) FOR m IN ([a], [b])) p", "dbo.s", "dbo.r", "dbo.r.k <- dbo.s.k; dbo.r.a <- +dbo.s.v ?dbo.s.m"),
    ("tsql", "INSERT INTO dbo.r WITH (TABLOCK) (a) SELECT a FROM dbo.s WITH (NOLOCK)\nUPDATE STATISTICS dbo.r", "dbo.s", "dbo.r", "dbo.r.a <- dbo.s.a"),
    ("tsql", ":setvar x 1\nGO\nBULK INSERT dbo.r FROM '/x.csv' WITH (FIRSTROW = 2)\nGO 5", "", "dbo.r", ""),
    ("bigquery", "CREATE TABLE d.p AS SELECT z FROM ML.PREDICT(MODEL d.m, (SELECT a FROM d.t))", "d.t d.m", "d.p", "d.p.z <- *d.t.a"),
    ("clickhouse", "ALTER TABLE r UPDATE a = b + 1 WHERE c", "", "r", "r.a <- *r.b"),
    ("oracle", "INSERT INTO r (a) SELECT a FROM s\n/\nINSERT INTO q (b) SELECT b FROM t\n/", "s t", "r q", "r.a <- s.a; q.b <- t.b"),
    ("postgres", "\ufeff\\set x 1\r\nINSERT INTO r (a)\r\nSELECT a FROM s WHERE x LIKE '%s;%' AND id %size > 0;\r\n", "s", "r", "r.a <- s.a"),
    ("mysql", "DELIMITER //\nCREATE PROCEDURE p()\nBEGIN\n INSERT INTO r (a) SELECT a FROM s;\nEND //\nDELIMITER ;\nCALL p();", "s", "r", "r.a <- s.a"),
    ("postgres", "WITH d AS (DELETE FROM r WHERE old RETURNING k, v), i AS (INSERT INTO h (k, v) SELECT k, v FROM d RETURNING k) SELECT count(*) FROM i", "r", "r h", "h.k <- r.k; h.v <- r.v"),
    # -- scripts
    ("mysql", "USE shop; INSERT INTO r (a) SELECT a FROM s JOIN x.u USING (k)", "shop.s x.u", "shop.r", ""),
    ("tsql", "USE shop\nGO\nINSERT INTO dbo.r (a) SELECT a FROM dbo.s", "shop.dbo.s", "shop.dbo.r", "shop.dbo.r.a <- shop.dbo.s.a"),
    (
        "snowflake",
        "USE ROLE x; USE SCHEMA d.p; CREATE TEMP TABLE t AS SELECT a FROM s; INSERT INTO r (a) WITH c AS (SELECT a FROM t) SELECT a FROM c",
        "d.p.s",
        "d.p.r",
        "d.p.r.a <- d.p.s.a",
    ),
    ("postgres", "SET search_path TO mart, public; UPDATE r SET a = s.a FROM s", "mart.s", "mart.r", "mart.r.a <- mart.s.a"),
    ("", "INSERT INTO b (x) SELECT x FROM a -- first;\nINSERT INTO d (x) SELECT x FROM c", "a c", "b d", "b.x <- a.x; d.x <- c.x"),
    (
        "tsql",
        "SET NOCOUNT ON\nTRUNCATE TABLE dbo.r\nINSERT INTO dbo.r (a) SELECT a FROM dbo.s WITH (NOLOCK)\nPRINT 'done'",
        "dbo.s",
        "dbo.r",
        "dbo.r.a <- dbo.s.a",
    ),
    (
        "tsql",
        "BEGIN TRY\n UPDATE dbo.r SET a = 1\n INSERT INTO dbo.q (b) SELECT b FROM dbo.s\nEND TRY\nBEGIN CATCH\n THROW;\nEND CATCH",
        "dbo.s",
        "dbo.r dbo.q",
        "dbo.q.b <- dbo.s.b",
    ),
    (
        "tsql",
        "WHILE @i < 3 BEGIN INSERT INTO dbo.r (a) SELECT a FROM dbo.s SET @i = @i + 1 END GO",
        "dbo.s",
        "dbo.r",
        "dbo.r.a <- dbo.s.a",
    ),
    (
        "bigquery",
        "DECLARE n INT64 DEFAULT 0; IF (SELECT count(*) FROM f) > 0 THEN INSERT INTO r (a) SELECT a FROM s; ELSE DELETE FROM r WHERE true; END IF;",
        "f s",
        "r",
        "r.a <- s.a",
    ),
    (
        "postgres",
        "DO $$ BEGIN FOR x IN SELECT a FROM f LOOP INSERT INTO r (b) SELECT b FROM s; END LOOP; END $$",
        "f s",
        "r",
        "r.b <- s.b",
    ),
    ("tsql", "EXEC sp_executesql N'INSERT INTO r (a) SELECT a FROM s'", "s", "r", "r.a <- s.a"),
    ("bigquery", "EXECUTE IMMEDIATE 'INSERT INTO r (a) SELECT a FROM s'", "s", "r", "r.a <- s.a"),
    (
        "postgres",
        "CREATE PROCEDURE p() LANGUAGE sql AS $$ INSERT INTO r (a) SELECT a FROM s; $$; CALL p()",
        "s",
        "r",
        "r.a <- s.a",
    ),
    (
        "snowflake",
        "INSERT INTO r (a) SELECT a FROM {{ ref('stg') }} JOIN {{ source('raw', 'u') }} USING (k)",
        "stg raw.u",
        "r",
        "",
    ),
]  # fmt: skip
