package main

import (
	"context"

	stores "interop.test/gateway/gen/stores/v1"
)

// storeService says which name or request arrived.
type storeService struct {
	stores.UnimplementedStoreServiceServer
}

func (storeService) PurgeEntries(_ context.Context, request *stores.PurgeEntriesRequest) (*stores.PurgeEntriesResponse, error) {
	return &stores.PurgeEntriesResponse{Parent: request.GetParent()}, nil
}

func (storeService) ListDocuments(_ context.Context, request *stores.ListDocumentsRequest) (*stores.ListDocumentsResponse, error) {
	return &stores.ListDocumentsResponse{Parent: request.GetParent()}, nil
}

func (storeService) GetSession(_ context.Context, request *stores.GetSessionRequest) (*stores.GetSessionResponse, error) {
	return &stores.GetSessionResponse{Name: request.GetName()}, nil
}

func (storeService) GetObject(_ context.Context, request *stores.GetObjectRequest) (*stores.GetObjectResponse, error) {
	return &stores.GetObjectResponse{Name: request.GetName()}, nil
}

func (storeService) FindObjects(_ context.Context, request *stores.FindObjectsRequest) (*stores.FindObjectsResponse, error) {
	return &stores.FindObjectsResponse{Request: request}, nil
}
