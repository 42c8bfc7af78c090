"""The demo: the shop, the bridge and Airflow on this machine, and what to look at."""
