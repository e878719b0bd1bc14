"""What every room stands on: findings, errors, units, workspace, artefacts, audit, engine."""
