{#- A model's schema is the one it names, in every environment: which database that means is the binding's affair. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ custom_schema_name or target.schema }}
{%- endmacro %}
