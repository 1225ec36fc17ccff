{% test one_of_each(model, column_name) %}
select {{ column_name }} from {{ model }} group by 1 having count(*) > 1
{% endtest %}
