DELETE FROM rejected_orders WHERE ordered_on = '{{ day(dag_run) }}';

INSERT INTO rejected_orders (order_id, ordered_on, channel, reason)
SELECT
  order_id,
  date(ordered_at),
  channel,
  CASE WHEN customer_id IS NULL THEN 'no customer' ELSE 'nothing ordered' END
FROM raw_orders
WHERE date(ordered_at) = '{{ day(dag_run) }}'
  AND (customer_id IS NULL OR quantity <= 0);
