"""Which functions our programs call, so that these can lie side by side (scripts/agent, scripts/coordinator)."""
