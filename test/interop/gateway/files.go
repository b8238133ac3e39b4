package main

import (
	"context"
	"sync"

	"google.golang.org/genproto/googleapis/api/httpbody"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	files "interop.test/gateway/gen/files/v1"
)

// fileService keeps files in memory.
type fileService struct {
	files.UnimplementedFileServiceServer
	mu    sync.Mutex
	files map[string]*httpbody.HttpBody
}

func newFileService() *fileService {
	return &fileService{files: map[string]*httpbody.HttpBody{}}
}

func (s *fileService) PutFile(_ context.Context, request *files.PutFileRequest) (*files.PutFileResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.files[request.GetName()] = request.GetFile()
	return &files.PutFileResponse{Request: request}, nil
}

func (s *fileService) GetFile(_ context.Context, request *files.GetFileRequest) (*httpbody.HttpBody, error) {
	return s.find(request.GetName())
}

func (*fileService) RenderFile(_ context.Context, request *files.RenderFileRequest) (*httpbody.HttpBody, error) {
	return &httpbody.HttpBody{ContentType: request.GetContentType(), Data: request.GetData()}, nil
}

func (s *fileService) PreviewFile(_ context.Context, request *files.PreviewFileRequest) (*files.PreviewFileResponse, error) {
	file, err := s.find(request.GetName())
	if err != nil {
		return nil, err
	}
	return &files.PreviewFileResponse{File: file, Note: "not in the response"}, nil
}

func (*fileService) ConvertFile(_ context.Context, request *httpbody.HttpBody) (*httpbody.HttpBody, error) {
	return request, nil
}

func (s *fileService) find(name string) (*httpbody.HttpBody, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if file, ok := s.files[name]; ok {
		return file, nil
	}
	return nil, status.Errorf(codes.NotFound, "there is no file %s", name)
}
