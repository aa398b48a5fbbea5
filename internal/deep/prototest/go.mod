module github.com/hooktx/hooks/internal/deep/prototest

go 1.26.0

replace github.com/hooktx/hooks => ../../..

require (
	github.com/hooktx/hooks v0.0.0
	github.com/stretchr/testify v1.12.1
	google.golang.org/protobuf v1.36.12
)

require go.yaml.in/yaml/v3 v3.0.5 // indirect
