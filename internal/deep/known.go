package deep

import (
	"context"
	"io"
	"reflect"
	"strings"
	"time"
)

// This file knows types by name. Names are compared as text, so that nobody pays for importing net/http or
// database/sql who does not use them.

// A set of type names by package path; "*" stands for every struct type of the package.
type typeSet map[string]string

// has reports whether the named type t is in the set. Type arguments do not matter.
func (s typeSet) has(t reflect.Type) bool {
	names, ok := s[t.PkgPath()]
	if !ok || t.Name() == "" {
		return false
	}
	if names == "*" {
		return t.Kind() == reflect.Struct
	}
	name, _, _ := strings.Cut(t.Name(), "[")
	for known := range strings.FieldsSeq(names) {
		if known == name {
			return true
		}
	}
	return false
}

// sharedTypes have values that are immutable or that are identities: a copy of the value is the same value.
var sharedTypes = typeSet{
	"time":            "Location",
	"regexp":          "Regexp",
	"weak":            "Pointer",
	"unique":          "Handle",
	"reflect":         "Value Type rtype",
	"internal/abi":    "*",
	"crypto/elliptic": "*",

	protobufImpl: "MessageInfo EnumInfo ExtensionInfo extensionTypeDescriptor",
	"google.golang.org/protobuf/internal/filedesc": "*",
}

// sharedByValue are those that a pointer makes an ordinary variable of, which may be given another value.
var sharedByValue = typeSet{"weak": "Pointer", "unique": "Handle", "reflect": "Value Type"}

// handleTypes stand for something outside the value: a file, a connection, a process, a running timer, a log. Two
// copies of the memory would fight over it.
var handleTypes = typeSet{
	"os":                      "File Process Root",
	"os/exec":                 "Cmd",
	"os/signal":               "*",
	"plugin":                  "Plugin",
	"internal/poll":           "*",
	"net":                     "TCPConn UDPConn UnixConn IPConn TCPListener UnixListener conn netFD pipe Resolver",
	"crypto/tls":              "Conn QUICConn listener",
	"net/http":                "Client Transport Server Response body bodyEOFSignal gzipReader response ResponseController",
	"net/rpc":                 "Client Server",
	"net/smtp":                "Client",
	"net/textproto":           "Conn Reader Writer Pipeline",
	"database/sql":            "DB Tx Conn Stmt Rows Row",
	"log":                     "Logger",
	"log/slog":                "Logger",
	"log/syslog":              "Writer",
	"testing":                 "T B F M PB common",
	"time":                    "Timer Ticker",
	"runtime/trace":           "*",
	"go.uber.org/zap":         "Logger SugaredLogger",
	"go.uber.org/zap/zapcore": "ioCore lockedWriteSyncer BufferedWriteSyncer",
	"google.golang.org/grpc":  "ClientConn Server",

	"github.com/sirupsen/logrus":      "Logger Entry",
	"github.com/rs/zerolog":           "Logger",
	"github.com/jackc/pgx/v5":         "Conn",
	"github.com/jackc/pgx/v5/pgxpool": "Pool Conn Tx",
	"github.com/redis/go-redis/v9":    "Client ClusterClient Ring Conn Tx Pipeline",
	"github.com/jmoiron/sqlx":         "DB Tx Conn Stmt Rows Row",
	"github.com/gorilla/websocket":    "Conn",
}

// Reference is for the first field of a struct. It makes a pointer to the struct a reference that every copy of a value
// shares: what it leads to belongs to many values and has a life of its own. The struct itself, held by value, is refused.
type Reference struct{}

var referenceType = reflect.TypeFor[Reference]()

// isReferred reports whether t is a struct that begins with a Reference.
func isReferred(t reflect.Type) bool {
	return t.Kind() == reflect.Struct && t.NumField() > 0 && t.Field(0).Type == referenceType
}

// handleInterfaces are refused whatever they hold.
var handleInterfaces = typeSet{
	"net":                 "Conn PacketConn Listener",
	"net/http":            "RoundTripper ResponseWriter Flusher Hijacker",
	"database/sql/driver": "Conn Connector Tx Stmt Rows",
	"io/fs":               "File",
}

// lockTypes are locks and the like, which belong to one variable and are no part of its value: zero in a copy, and left
// alone in the destination of Assign. A protobuf message's state is one: it is nil until the message is first used, and
// then leads to what is known of the message's type.
var lockTypes = typeSet{
	"sync":       "Mutex RWMutex WaitGroup rlocker",
	protobufImpl: "MessageState RaceDetectHookData",
}

// protobufImpl is the package of which every generated protobuf message has parts.
const protobufImpl = "google.golang.org/protobuf/internal/impl"

// protobufTypes keep parts of a message behind an unsafe.Pointer or a reflect.Value, where protobuf alone can follow
// them: values of extensions, dynamic messages, and views of the memory of a message. Of package impl that is
// whatever has no other rule, so that a future type is never copied wrongly.
var protobufTypes = typeSet{
	protobufImpl: "*",
	"google.golang.org/protobuf/reflect/protoreflect": "Message List Map Value MapKey",
	"google.golang.org/protobuf/types/dynamicpb":      "Message dynamicList dynamicMap",
}

// isSizeCache reports whether sf, a field of the struct type t, is where a generated protobuf message notes its encoded
// size. The note is for the call that makes it, and is no part of the message. Messages that marshal at the same time
// all write it, so that a copy had better not read it.
func isSizeCache(t reflect.Type, sf reflect.StructField) bool {
	if sf.Type.Kind() != reflect.Int32 {
		return false
	}
	first := t.Field(0).Type
	isMessage := first.PkgPath() == protobufImpl && first.Name() == "MessageState"
	return isMessage && sf.Name == "sizeCache" || sf.Name == "XXX_sizecache" // the latter in messages of old generators
}

// leafTypes are shown whole by Diff: their fields mean nothing to a reader.
var leafTypes = typeSet{
	"time":          "Time",
	"math/big":      "Int Rat Float",
	"net/netip":     "Addr Prefix AddrPort",
	"strings":       "Builder",
	"bytes":         "Buffer",
	"encoding/json": "RawMessage",
	"sync":          "Once",
}

var (
	errorType   = reflect.TypeFor[error]()
	contextType = reflect.TypeFor[context.Context]()
	anyType     = reflect.TypeFor[any]()
	reflectType = reflect.TypeFor[reflect.Type]()
	connType    = reflect.TypeFor[connLike]()
)

// A connLike is what net.Conn and os.File have in common, and nothing that is data has.
type connLike interface {
	io.ReadWriteCloser
	SetDeadline(time.Time) error
	SetReadDeadline(time.Time) error
	SetWriteDeadline(time.Time) error
}

// isShared reports whether t is a type whose values every copy shares.
func isShared(t reflect.Type) bool {
	if t.Kind() == reflect.Pointer {
		e := t.Elem()
		return t.Name() == "" && (sharedTypes.has(e) && !sharedByValue.has(e) || isReferred(e))
	}
	if t.Kind() == reflect.Interface {
		return t.Implements(errorType) || t.Implements(contextType) || sharedTypes.has(t) || sharedInterface(t)
	}
	return sharedTypes.has(t)
}

// sharedInterface knows interfaces of packages whose struct types are shared.
func sharedInterface(t reflect.Type) bool {
	return t == reflectType || t.PkgPath() == "crypto/elliptic" && t.Name() == "Curve"
}

// refusal says why values of type t cannot be copied, if that is known by the type's name or methods.
func refusal(t reflect.Type) string {
	switch {
	case isReferred(t):
		return "is shared by reference; hold a pointer to it"
	case isHandle(t):
		return "stands for something outside the program's memory and " + refuseHint
	case protobufTypes.has(t) || t.Kind() == reflect.Pointer && protobufTypes.has(t.Elem()):
		return protobufHint
	}
	return ""
}

// isHandle reports whether values of t stand for something outside.
func isHandle(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Interface:
		return handleInterfaces.has(t)
	case reflect.Pointer:
		return handleTypes.has(t.Elem()) || t.Implements(connType)
	}
	return handleTypes.has(t) || t.Implements(connType)
}
