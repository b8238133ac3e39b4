package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// call is BackendCall of test/interop/support/gateway.ts.
type call struct {
	ID             int                 `json:"id"`
	RPC            string              `json:"rpc"`
	Request        json.RawMessage     `json:"request,omitempty"`
	Requests       []json.RawMessage   `json:"requests,omitempty"`
	Sent           int                 `json:"sent"`
	Metadata       map[string][]string `json:"metadata"`
	DeadlineLeftMs *float64            `json:"deadlineLeftMs"`
	Ended          *ending             `json:"ended"`
}

type ending struct {
	Code      codes.Code `json:"code"`
	Cancelled bool       `json:"cancelled"`
}

// MarshalJSON writes the code as its number; codes.Code has a String, and its JSON form is for reading only.
func (e ending) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]any{"code": uint32(e.Code), "cancelled": e.Cancelled})
}

// record keeps every rpc that reached the backend.
type record struct {
	mu      sync.Mutex
	calls   []*call
	lastID  int
	version int
	changed chan struct{} // closed at the next change
}

func newRecord() *record {
	return &record{changed: make(chan struct{})}
}

// snapshot is what the control port gives out.
type snapshot struct {
	Version int    `json:"version"`
	Calls   []call `json:"calls"`
}

// now gives all calls as they are, and what is closed when they are no longer so.
func (r *record) now() (snapshot, <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	calls := make([]call, len(r.calls))
	for i, c := range r.calls {
		calls[i] = *c
	}
	return snapshot{Version: r.version, Calls: calls}, r.changed
}

func (r *record) clear() {
	r.change(func() { r.calls = nil })
}

func (r *record) change(how func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	how()
	r.version++
	close(r.changed)
	r.changed = make(chan struct{})
}

type callIDKey struct{}

// callID is the id under which this rpc was recorded.
func callID(ctx context.Context) int {
	id, _ := ctx.Value(callIDKey{}).(int)
	return id
}

// intercept records one rpc when it arrives, and how it ended.
func (r *record) intercept(ctx context.Context, request any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	text, err := readable(request)
	if err != nil {
		return nil, err
	}
	arrived := r.arrive(ctx, info.FullMethod, func(c *call) { c.Request = text })
	response, err := handler(context.WithValue(ctx, callIDKey{}, arrived.ID), request)
	r.end(ctx, arrived, err)
	return response, err
}

// interceptStream records one stream when it arrives, each of its messages, and how it ended.
func (r *record) interceptStream(service any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
	arrived := r.arrive(stream.Context(), info.FullMethod, func(c *call) { c.Requests = []json.RawMessage{} })
	err := handler(service, &recordedStream{ServerStream: stream, record: r, call: arrived})
	r.end(stream.Context(), arrived, err)
	return err
}

type recordedStream struct {
	grpc.ServerStream
	record *record
	call   *call
}

func (s *recordedStream) RecvMsg(message any) error {
	if err := s.ServerStream.RecvMsg(message); err != nil {
		return err
	}
	text, err := readable(message)
	if err != nil {
		return err
	}
	s.record.change(func() { s.call.Requests = append(s.call.Requests, text) })
	return nil
}

// SendMsg counts what has gone to gRPC, which waits while its reader does.
func (s *recordedStream) SendMsg(message any) error {
	if err := s.ServerStream.SendMsg(message); err != nil {
		return err
	}
	s.record.change(func() { s.call.Sent++ })
	return nil
}

func (r *record) arrive(ctx context.Context, method string, with func(*call)) *call {
	arrived := &call{
		RPC:            strings.TrimPrefix(method, "/"),
		Metadata:       readableMetadata(ctx),
		DeadlineLeftMs: deadlineLeft(ctx),
	}
	with(arrived)
	r.change(func() {
		r.lastID++
		arrived.ID = r.lastID
		r.calls = append(r.calls, arrived)
	})
	return arrived
}

func (r *record) end(ctx context.Context, arrived *call, err error) {
	end := &ending{Code: status.Code(err), Cancelled: ctx.Err() != nil}
	r.change(func() { arrived.Ended = end })
}

func readable(message any) (json.RawMessage, error) {
	known, ok := message.(proto.Message)
	if !ok {
		return nil, status.Errorf(codes.Internal, "a request of type %T is no message", message)
	}
	text, err := protojson.Marshal(known)
	if err != nil {
		return nil, status.Errorf(codes.Internal, "the request has no JSON form: %v", err)
	}
	return text, nil
}

// readableMetadata has binary values in base64, as they travel.
func readableMetadata(ctx context.Context) map[string][]string {
	incoming, _ := metadata.FromIncomingContext(ctx)
	readable := make(map[string][]string, len(incoming))
	for key, values := range incoming {
		for _, value := range values {
			if strings.HasSuffix(key, "-bin") {
				value = base64.StdEncoding.EncodeToString([]byte(value))
			}
			readable[key] = append(readable[key], value)
		}
	}
	return readable
}

func deadlineLeft(ctx context.Context) *float64 {
	deadline, ok := ctx.Deadline()
	if !ok {
		return nil
	}
	left := float64(time.Until(deadline).Microseconds()) / 1000
	return &left
}
