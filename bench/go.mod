module github.com/hooktx/hooks/bench

go 1.26.0

replace github.com/hooktx/hooks => ../

require (
	github.com/ThreeDotsLabs/watermill v1.5.1
	github.com/brunoga/deep v1.3.1
	github.com/failsafe-go/failsafe-go v0.9.8
	github.com/google/go-cmp v0.7.0
	github.com/hooktx/hooks v0.0.0
	github.com/huandu/go-clone v1.7.3
	github.com/jinzhu/copier v0.4.0
	github.com/mitchellh/copystructure v1.2.0
	github.com/mohae/deepcopy v0.0.0-20170929034955-c48cc78d4826
	github.com/pocketbase/pocketbase v0.39.9
	github.com/stretchr/testify v1.12.1
	github.com/tiendc/go-deepcopy v1.7.2
	go.uber.org/fx v1.24.0
	go.uber.org/zap v1.28.0
	google.golang.org/protobuf v1.36.12
)

require (
	github.com/bits-and-blooms/bitset v1.24.4 // indirect
	github.com/golang-jwt/jwt/v5 v5.3.1 // indirect
	github.com/google/uuid v1.6.0 // indirect
	github.com/lithammer/shortuuid/v3 v3.0.7 // indirect
	github.com/mitchellh/reflectwalk v1.0.2 // indirect
	github.com/oklog/ulid v1.3.1 // indirect
	github.com/pkg/errors v0.9.1 // indirect
	github.com/spf13/cast v1.10.0 // indirect
	go.uber.org/dig v1.19.0 // indirect
	go.uber.org/multierr v1.10.0 // indirect
	go.yaml.in/yaml/v3 v3.0.5 // indirect
	golang.org/x/sys v0.47.0 // indirect
)
