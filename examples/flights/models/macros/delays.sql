{#- Rounded half up, in the same way by every database: their own `round` differ in ties and in types. -#}
{% macro rounded(number, digits) -%}
    floor({{ number }} * 1e{{ digits }} + 0.5) / 1e{{ digits }}
{%- endmacro %}

{#- The share of true values, in percent. -#}
{% macro percent(condition) -%}
    {{ rounded('100 * (count(*) filter (where ' ~ condition ~ '))::double precision / count(*)', 2) }}
{%- endmacro %}

{#- A mean that does not depend on the order of rows: integers are summed exactly. -#}
{% macro mean(minutes) -%}
    {{ rounded('sum(' ~ minutes ~ ')::double precision / count(' ~ minutes ~ ')', 2) }}
{%- endmacro %}

{#- The aviation authority calls a flight delayed from 15 minutes on. -#}
{% macro is_delayed(minutes) -%}
    {{ minutes }} >= 15
{%- endmacro %}
