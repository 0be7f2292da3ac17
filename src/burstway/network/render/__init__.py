"""An NSG in the languages that people deploy with: ARM, Bicep, Terraform. All three say the same."""
