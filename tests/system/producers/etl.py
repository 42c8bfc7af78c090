"""
A small Spark application: reads a file with a header, writes a folder, sums it into a table, and
then fails to write another one, which it survives.

    python etl.py FOLDER ADDRESS JAR
"""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path

from pyspark.sql import SparkSession
from pyspark.sql import functions as f

folder, address, jar = sys.argv[1:]
(Path(folder) / "orders.csv").write_text("id,country,amount\n1,de,10\n2,fr,20\n3,de,30\n")
spark = (
    SparkSession.builder.master("local[1]")
    .appName("nightly")
    .config("spark.driver.extraClassPath", jar)
    .config("spark.driver.extraJavaOptions", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")
    .config("spark.driver.host", "127.0.0.1")
    .config("spark.ui.enabled", "false")
    .config("spark.sql.shuffle.partitions", "1")
    .config("spark.sql.warehouse.dir", f"{folder}/warehouse")
    .config("spark.extraListeners", "io.openlineage.spark.agent.OpenLineageSparkListener")
    .config("spark.openlineage.namespace", "spark")
    .config("spark.openlineage.transport.type", "http")
    .config("spark.openlineage.transport.url", address)
    .getOrCreate()
)
orders = spark.read.csv(f"{folder}/orders.csv", header=True, inferSchema=True)
orders.filter("amount > 5").write.mode("overwrite").parquet(f"{folder}/clean")
clean = spark.read.parquet(f"{folder}/clean")
sums = clean.groupBy("country").agg(f.sum("amount").alias("revenue"))
sums.write.mode("overwrite").saveAsTable("revenue")
broken = clean.select(
    f.expr("cast(raise_error(concat('the disk is full: ', id)) as string)").alias("x")
)
with suppress(Exception):
    broken.write.mode("overwrite").parquet(f"{folder}/broken")
spark.stop()
