DELETE FROM mart_daily_sales;

INSERT INTO mart_daily_sales (sold_on, channel, orders, revenue_eur, margin_eur)
SELECT sold_on, channel, count(*), round(sum(revenue_eur), 2), round(sum(revenue_eur - cost_eur), 2)
FROM fct_sales
GROUP BY sold_on, channel;
