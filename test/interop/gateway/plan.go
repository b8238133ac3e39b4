package main

import (
	"context"
	"encoding/json"
	"time"

	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// plan is BackendPlan of test/interop/support/gateway.ts: what the backend does with this one call.
type plan struct {
	Status         []byte              `json:"status"` // a google.rpc.Status
	DelayMs        int64               `json:"delayMs"`
	Hang           bool                `json:"hang"`
	DropConnection bool                `json:"dropConnection"`
	Header         map[string][]string `json:"header"`
	Trailer        map[string][]string `json:"trailer"`
	Message        *string             `json:"message"`
	MessageBytes   *int                `json:"messageBytes"`
	OK             *bool               `json:"ok"`
	Messages       *int                `json:"messages"`
	Reads          *int                `json:"reads"`
	Step           bool                `json:"step"`
	Cut            *cut                `json:"cut"`
}

type planKey struct{}

// planOf gives the plan of this call, an empty one if it has none.
func planOf(ctx context.Context) plan {
	p, _ := ctx.Value(planKey{}).(plan)
	return p
}

// planner carries out what the plans of calls say: before the service sees a unary call, and when it is done with a stream.
type planner struct {
	open  *connections
	steps steps
}

func (pl planner) intercept(ctx context.Context, request any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	p, err := readPlan(ctx)
	if err != nil {
		return nil, status.Errorf(codes.Internal, "x-test-plan: %v", err)
	}
	if err := sendMetadata(ctx, p); err != nil {
		return nil, err
	}
	if err := wait(ctx, p); err != nil {
		return nil, err
	}
	if err := pl.end(ctx, p); err != nil {
		return nil, err
	}
	return handler(context.WithValue(ctx, planKey{}, p), request)
}

func (pl planner) interceptStream(service any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
	ctx := stream.Context()
	p, err := readPlan(ctx)
	if err != nil {
		return status.Errorf(codes.Internal, "x-test-plan: %v", err)
	}
	if err := sendMetadata(ctx, p); err != nil {
		return err
	}
	if err := wait(ctx, p); err != nil {
		return err
	}
	planned := &plannedStream{ServerStream: stream, ctx: context.WithValue(ctx, planKey{}, p)}
	if p.Step {
		planned.steps = pl.steps
		planned.reads = info.IsClientStream
	}
	if err := handler(service, planned); err != nil {
		return err
	}
	if p.Step {
		if err := pl.steps.take(ctx); err != nil {
			return err
		}
	}
	return pl.end(ctx, p)
}

// plannedStream waits for a step before each of its messages: those that it reads, or those that it sends.
type plannedStream struct {
	grpc.ServerStream
	ctx   context.Context
	steps steps // nil: it does not wait
	reads bool
}

func (s *plannedStream) Context() context.Context { return s.ctx }

func (s *plannedStream) SendMsg(message any) error {
	if s.steps != nil && !s.reads {
		if err := s.steps.take(s.ctx); err != nil {
			return err
		}
	}
	return s.ServerStream.SendMsg(message)
}

func (s *plannedStream) RecvMsg(message any) error {
	if s.steps != nil && s.reads {
		if err := s.steps.take(s.ctx); err != nil {
			return err
		}
	}
	return s.ServerStream.RecvMsg(message)
}

// steps lets streams go on, one message for each step.
type steps chan struct{}

func newSteps() steps { return make(steps, 1_000_000) }

func (s steps) add(count int) {
	for range count {
		s <- struct{}{}
	}
}

func (s steps) take(ctx context.Context) error {
	select {
	case <-s:
		return nil
	case <-ctx.Done():
		return status.FromContextError(ctx.Err()).Err()
	}
}

func wait(ctx context.Context, p plan) error {
	if p.DelayMs == 0 {
		return nil
	}
	select {
	case <-time.After(time.Duration(p.DelayMs) * time.Millisecond):
		return nil
	case <-ctx.Done():
		return status.FromContextError(ctx.Err()).Err()
	}
}

// end drops the connection, hangs or fails, as the plan says.
func (pl planner) end(ctx context.Context, p plan) error {
	if p.DropConnection {
		from, ok := peer.FromContext(ctx)
		if !ok {
			return status.Error(codes.Internal, "this call came over no connection")
		}
		pl.open.drop(from.Addr)
	}
	if p.Hang || p.DropConnection {
		<-ctx.Done()
		return status.FromContextError(ctx.Err()).Err()
	}
	if p.Status != nil {
		var wanted spb.Status
		if err := proto.Unmarshal(p.Status, &wanted); err != nil {
			return status.Errorf(codes.Internal, "x-test-plan: status: %v", err)
		}
		return status.ErrorProto(&wanted)
	}
	return nil
}

func readPlan(ctx context.Context) (plan, error) {
	var p plan
	for _, text := range metadata.ValueFromIncomingContext(ctx, "x-test-plan") {
		if err := json.Unmarshal([]byte(text), &p); err != nil {
			return p, err
		}
	}
	return p, nil
}

func sendMetadata(ctx context.Context, p plan) error {
	for key, values := range p.Header {
		for _, value := range values {
			if err := grpc.SetHeader(ctx, metadata.Pairs(key, value)); err != nil {
				return err
			}
		}
	}
	for key, values := range p.Trailer {
		for _, value := range values {
			if err := grpc.SetTrailer(ctx, metadata.Pairs(key, value)); err != nil {
				return err
			}
		}
	}
	return nil
}
