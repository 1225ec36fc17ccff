{% macro noted(word) %}{% if execute %}{{ log('ledger: ' ~ word) }}{% endif %}{% endmacro %}
