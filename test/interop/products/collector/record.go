package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"sync"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	statuspb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// record holds what reached the consumers, as the Collector's own JSON.
type record struct {
	mutex   sync.Mutex
	batches []json.RawMessage
	times   map[string]int64 // how often each batch came
}

func (r *record) traces(_ context.Context, data ptrace.Traces) error {
	batch, err := (&ptrace.JSONMarshaler{}).MarshalTraces(data)
	return r.add(batch, err, data.ResourceSpans().At(0).Resource())
}

func (r *record) metrics(_ context.Context, data pmetric.Metrics) error {
	batch, err := (&pmetric.JSONMarshaler{}).MarshalMetrics(data)
	return r.add(batch, err, data.ResourceMetrics().At(0).Resource())
}

func (r *record) logs(_ context.Context, data plog.Logs) error {
	batch, err := (&plog.JSONMarshaler{}).MarshalLogs(data)
	return r.add(batch, err, data.ResourceLogs().At(0).Resource())
}

// add records a batch, and returns the error that its resource asks for, each time or the first few times that it comes.
func (r *record) add(batch []byte, err error, resource pcommon.Resource) error {
	if err != nil {
		return err
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.batches = append(r.batches, batch)
	r.times[string(batch)]++
	plan, planned := resource.Attributes().Get("consumer.error")
	failures, limited := resource.Attributes().Get("consumer.failures")
	if !planned || limited && r.times[string(batch)] > failures.Int() {
		return nil
	}
	return errorOf(plan.AsString())
}

// errorOf returns the error of a google.rpc.Status in base64, or any other text as a plain error.
func errorOf(plan string) error {
	bytes, err := base64.StdEncoding.DecodeString(plan)
	if err != nil {
		return errors.New(plan)
	}
	decoded := &statuspb.Status{}
	if err := proto.Unmarshal(bytes, decoded); err != nil {
		return err
	}
	return status.ErrorProto(decoded)
}

func (r *record) clear() {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.batches, r.times = nil, map[string]int64{}
}

func (r *record) all() []json.RawMessage {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return append([]json.RawMessage{}, r.batches...)
}
