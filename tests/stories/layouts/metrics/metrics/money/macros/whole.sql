{% macro whole(column) %}{{ return(adapter.dispatch('whole', 'money')(column)) }}{% endmacro %}

{% macro default__whole(column) %}({{ column }} * {{ var('money:factor') }}){% endmacro %}
