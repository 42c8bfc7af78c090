"""Operational lineage for Apache Airflow."""
