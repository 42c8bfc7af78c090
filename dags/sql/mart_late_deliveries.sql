DELETE FROM mart_late_deliveries;

INSERT INTO mart_late_deliveries (channel, shipments, late, worst_days)
SELECT channel, count(*), sum(days_late > 0), max(days_late)
FROM fct_deliveries
GROUP BY channel;
