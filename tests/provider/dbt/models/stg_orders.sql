select id, amount * 2 as eur, customer from {{ ref('raw_orders') }}
