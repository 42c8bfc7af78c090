{{ config(materialized='table') }} select o.id, o.eur, c.name from {{ ref('only') }} o left join {{ source('crm', 'customers') }} c on c.name = o.customer
