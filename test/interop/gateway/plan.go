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
}

type planKey struct{}

// planOf gives the plan of this call, an empty one if it has none.
func planOf(ctx context.Context) plan {
	p, _ := ctx.Value(planKey{}).(plan)
	return p
}

// planner carries out what the plans of calls say, before the services see them.
type planner struct{ open *connections }

func (pl planner) intercept(ctx context.Context, request any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	p, err := readPlan(ctx)
	if err != nil {
		return nil, status.Errorf(codes.Internal, "x-test-plan: %v", err)
	}
	if err := sendMetadata(ctx, p); err != nil {
		return nil, err
	}
	if p.DelayMs > 0 {
		select {
		case <-time.After(time.Duration(p.DelayMs) * time.Millisecond):
		case <-ctx.Done():
			return nil, status.FromContextError(ctx.Err()).Err()
		}
	}
	if p.DropConnection {
		from, ok := peer.FromContext(ctx)
		if !ok {
			return nil, status.Error(codes.Internal, "this call came over no connection")
		}
		pl.open.drop(from.Addr)
	}
	if p.Hang || p.DropConnection {
		<-ctx.Done()
		return nil, status.FromContextError(ctx.Err()).Err()
	}
	if p.Status != nil {
		var wanted spb.Status
		if err := proto.Unmarshal(p.Status, &wanted); err != nil {
			return nil, status.Errorf(codes.Internal, "x-test-plan: status: %v", err)
		}
		return nil, status.ErrorProto(&wanted)
	}
	return handler(context.WithValue(ctx, planKey{}, p), request)
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
