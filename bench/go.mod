module github.com/hooktx/hooks/bench

go 1.26.0

replace github.com/hooktx/hooks => ../

require (
	github.com/brunoga/deep v1.3.1
	github.com/google/go-cmp v0.7.0
	github.com/hooktx/hooks v0.0.0
	github.com/huandu/go-clone v1.7.3
	github.com/jinzhu/copier v0.4.0
	github.com/mitchellh/copystructure v1.2.0
	github.com/mohae/deepcopy v0.0.0-20170929034955-c48cc78d4826
	github.com/stretchr/testify v1.12.1
	github.com/tiendc/go-deepcopy v1.7.2
	go.uber.org/zap v1.28.0
	google.golang.org/protobuf v1.36.12
)

require (
	github.com/mitchellh/reflectwalk v1.0.2 // indirect
	go.uber.org/multierr v1.10.0 // indirect
	go.yaml.in/yaml/v3 v3.0.5 // indirect
)
