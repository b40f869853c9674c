#!/bin/sh
# Render manifests/operator from the chart, for those who install without Helm.
set -eu
cd "$(dirname "$0")/.."
helm=$(PYTHONPATH=tests .venv/bin/python -m cluster tool helm)
{
  echo "# Rendered from helm/ullage by \`make manifests\`: change the chart, then run it."
  "$helm" template ullage helm/ullage --namespace ullage-system --kube-version 1.34.4 --set crds.install=false
} >manifests/operator/operator.yaml
echo "wrote manifests/operator/operator.yaml"
