"""Imports history: reads it from Airflow's REST API and puts it into the inbox as events."""
