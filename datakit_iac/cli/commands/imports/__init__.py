"""`dk import`: manifests of what exists; `imports` because `import` is a word of Python."""
