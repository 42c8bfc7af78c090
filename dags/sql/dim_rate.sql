DELETE FROM dim_rate WHERE rated_on = '{{ day(dag_run) }}';

INSERT INTO dim_rate (rated_on, currency, eur)
SELECT rated_on, upper(currency), eur
FROM raw_rates
WHERE rated_on = '{{ day(dag_run) }}';
