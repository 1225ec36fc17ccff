{#- The share of true values, in percent. -#}
{% macro percent(condition) -%}
    round(100.0 * count(*) filter (where {{ condition }}) / count(*), 2)::double
{%- endmacro %}

{#- A mean that does not depend on the order of rows: integers are summed exactly. -#}
{% macro mean(minutes) -%}
    round(avg({{ minutes }}), 2)::double
{%- endmacro %}

{#- The aviation authority calls a flight delayed from 15 minutes on. -#}
{% macro is_delayed(minutes) -%}
    {{ minutes }} >= 15
{%- endmacro %}
