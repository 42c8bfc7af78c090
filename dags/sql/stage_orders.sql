DELETE FROM stg_orders WHERE ordered_on = '{{ day(dag_run) }}';

INSERT INTO stg_orders (order_id, ordered_on, channel, customer_id, sku, quantity, unit_price, currency)
SELECT order_id, date(ordered_at), channel, customer_id, upper(trim(sku)), quantity, unit_price, currency
FROM raw_orders
WHERE date(ordered_at) = '{{ day(dag_run) }}'
  AND quantity > 0
  AND customer_id IS NOT NULL;
