{{ config(materialized="table") }}
select country, sum(amount) as revenue from {{ ref("stg_orders") }} group by country
