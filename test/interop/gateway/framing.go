package main

import (
	"fmt"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// framed is the stock JSON marshaler with other text around the messages of a stream.
type framed struct {
	runtime.HTTPBodyMarshaler
	contentType string // of a stream
	before      string
	after       string
}

// framedMarshaler gives what operators configure: JSON over many lines, without anything between messages, or server-sent events.
func framedMarshaler(framing string) (runtime.Marshaler, error) {
	json := &runtime.JSONPb{
		MarshalOptions:   protojson.MarshalOptions{EmitUnpopulated: true},
		UnmarshalOptions: protojson.UnmarshalOptions{DiscardUnknown: true},
	}
	made := &framed{HTTPBodyMarshaler: runtime.HTTPBodyMarshaler{Marshaler: json}, contentType: "application/json"}
	switch framing {
	case "pretty":
		json.Indent = "  "
		made.after = "\n\n"
	case "joined":
	case "events":
		made.contentType, made.before, made.after = "text/event-stream", "data: ", "\n\n"
	default:
		return nil, fmt.Errorf("there is no framing %q", framing)
	}
	return made, nil
}

// StreamContentType implements runtime.StreamContentType.
func (m *framed) StreamContentType(any) string { return m.contentType }

// Delimiter implements runtime.Delimited.
func (m *framed) Delimiter() []byte { return []byte(m.after) }

func (m *framed) Marshal(value any) ([]byte, error) {
	text, err := m.HTTPBodyMarshaler.Marshal(value)
	switch value.(type) {
	case map[string]any, map[string]proto.Message: // what a stream has around its messages
		text = append([]byte(m.before), text...)
	}
	return text, err
}
