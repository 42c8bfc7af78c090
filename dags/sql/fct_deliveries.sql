DELETE FROM fct_deliveries WHERE sent_on = '{{ day(dag_run) }}';

INSERT INTO fct_deliveries (shipment_id, order_id, channel, sent_on, delivered_on, days_late)
SELECT
  s.shipment_id,
  s.order_id,
  o.channel,
  s.sent_on,
  s.delivered_on,
  CAST(julianday(s.delivered_on) - julianday(s.promised_on) AS INTEGER)
FROM raw_shipments AS s
JOIN raw_orders AS o ON o.order_id = s.order_id
WHERE s.sent_on = '{{ day(dag_run) }}';
