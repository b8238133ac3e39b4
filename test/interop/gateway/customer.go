package main

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"interop.test/gateway/gen/bytenite/common"
	"interop.test/gateway/gen/bytenite/customer"
)

// customerService keeps jobs: one that is not in the map has not started yet. Every id that begins with "job-"
// exists, so that tests need no set-up.
type customerService struct {
	customer.UnimplementedCustomerServer
	mu     sync.Mutex
	states map[string]string
}

func newCustomerService() *customerService {
	return &customerService{states: map[string]string{}}
}

func (s *customerService) RunJob(ctx context.Context, request *customer.RunJobRequest) (*common.GenericResponse, error) {
	return s.change(ctx, request.GetJobId(), func(string) string { return "running" })
}

func (s *customerService) AbortJob(ctx context.Context, request *customer.AbortJobRequest) (*common.GenericResponse, error) {
	return s.change(ctx, request.GetJobId(), func(state string) string {
		if state == "" {
			return "deleted"
		}
		return "aborted"
	})
}

func (s *customerService) DeleteJob(ctx context.Context, request *customer.DeleteJobRequest) (*common.GenericResponse, error) {
	return s.change(ctx, request.GetJobId(), func(string) string { return "deleted" })
}

func (s *customerService) change(ctx context.Context, id string, next func(state string) string) (*common.GenericResponse, error) {
	if !strings.HasPrefix(id, "job-") {
		return nil, status.Errorf(codes.NotFound, "there is no job %q", id)
	}
	s.mu.Lock()
	state := next(s.states[id])
	if state == "deleted" {
		delete(s.states, id)
	} else {
		s.states[id] = state
	}
	s.mu.Unlock()
	return genericResponse(ctx, fmt.Sprintf("%s is %s", id, state)), nil
}

// genericResponse answers as the plan of the call wants, and plainly without one.
func genericResponse(ctx context.Context, message string) *common.GenericResponse {
	p := planOf(ctx)
	response := &common.GenericResponse{
		Ok:        true,
		RequestId: fmt.Sprintf("request-%d", callID(ctx)),
		Message:   message,
	}
	if p.OK != nil {
		response.Ok = *p.OK
	}
	if p.Message != nil {
		response.Message = *p.Message
	}
	if p.MessageBytes != nil {
		response.Message = strings.Repeat("m", *p.MessageBytes)
	}
	return response
}
