package main

import (
	"context"
	"net"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"interop.test/gateway/gen/bytenite/customer"
	files "interop.test/gateway/gen/files/v1"
	library "interop.test/gateway/gen/library/v1"
	stores "interop.test/gateway/gen/stores/v1"
	logs "interop.test/gateway/gen/streams/v1"
)

// startBackend serves all services over gRPC, and gives the address.
func startBackend(calls *record, steps steps) (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	open := &connections{Listener: listener}
	plans := planner{open: open, steps: steps}
	server := grpc.NewServer(
		grpc.ChainUnaryInterceptor(calls.intercept, checkToken, plans.intercept),
		grpc.ChainStreamInterceptor(calls.interceptStream, plans.interceptStream),
	)
	customer.RegisterCustomerServer(server, newCustomerService())
	library.RegisterLibraryServiceServer(server, newLibraryService())
	stores.RegisterStoreServiceServer(server, storeService{})
	files.RegisterFileServiceServer(server, newFileService())
	logs.RegisterLogServiceServer(server, logService{})
	go func() { exitOn(server.Serve(open)) }()
	return listener.Addr().String(), nil
}

// checkToken wants the bare access token from callers of Customer; the others are open to all.
func checkToken(ctx context.Context, request any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	if strings.HasPrefix(info.FullMethod, "/bytenite.customer.Customer/") {
		given := metadata.ValueFromIncomingContext(ctx, "authorization")
		if len(given) != 1 || given[0] != accessToken {
			return nil, status.Error(codes.Unauthenticated, "the access token is not valid")
		}
	}
	return handler(ctx, request)
}
