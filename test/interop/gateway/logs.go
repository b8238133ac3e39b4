package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"google.golang.org/genproto/googleapis/api/httpbody"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	logs "interop.test/gateway/gen/streams/v1"
)

// logService sends and reads as many messages as the plan of the call says. How a stream ends after them is the planner's.
type logService struct {
	logs.UnimplementedLogServiceServer
}

// What a stream sends without a plan.
const defaultMessages = 3

// sendEach calls send once for each entry that the plan wants.
func sendEach(ctx context.Context, after int64, send func(*logs.Entry) error) error {
	p := planOf(ctx)
	count := defaultMessages
	if p.Messages != nil {
		count = *p.Messages
	}
	for i := range int64(count) {
		if err := send(newEntry(p, after+i+1)); err != nil {
			return err
		}
	}
	return nil
}

func newEntry(p plan, sequence int64) *logs.Entry {
	text := fmt.Sprintf("entry %d", sequence)
	if p.MessageBytes != nil {
		text = strings.Repeat("x", *p.MessageBytes)
	}
	if p.Message != nil {
		text = *p.Message
	}
	return &logs.Entry{Sequence: sequence, Text: text, Time: timestamppb.New(time.Unix(sequence, 0))}
}

func (logService) Follow(request *logs.FollowRequest, stream grpc.ServerStreamingServer[logs.FollowResponse]) error {
	return sendEach(stream.Context(), request.GetAfter(), func(entry *logs.Entry) error {
		return stream.Send(&logs.FollowResponse{Entry: entry, Result: request.GetParent(), Error: request.GetWords()})
	})
}

func (logService) Tail(_ *logs.TailRequest, stream grpc.ServerStreamingServer[logs.TailResponse]) error {
	return sendEach(stream.Context(), 0, func(entry *logs.Entry) error {
		return stream.Send(&logs.TailResponse{Entry: entry})
	})
}

func (logService) Download(_ *logs.DownloadRequest, stream grpc.ServerStreamingServer[httpbody.HttpBody]) error {
	return sendEach(stream.Context(), 0, func(entry *logs.Entry) error {
		return stream.Send(&httpbody.HttpBody{ContentType: "text/plain", Data: []byte(entry.GetText())})
	})
}

// readEach calls each with the requests until their end, or as many as the plan wants.
func readEach[Request any](ctx context.Context, receive func() (*Request, error), each func(*Request) error) error {
	p := planOf(ctx)
	for read := 0; p.Reads == nil || read < *p.Reads; read++ {
		request, err := receive()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := each(request); err != nil {
			return err
		}
	}
	return nil
}

func (logService) Append(stream grpc.ClientStreamingServer[logs.AppendRequest, logs.AppendResponse]) error {
	response := &logs.AppendResponse{}
	err := readEach(stream.Context(), stream.Recv, func(request *logs.AppendRequest) error {
		response.Count++
		response.Text += request.GetEntry().GetText()
		return nil
	})
	if err != nil {
		return err
	}
	return stream.SendAndClose(response)
}

func (logService) Exchange(stream grpc.BidiStreamingServer[logs.ExchangeRequest, logs.ExchangeResponse]) error {
	return readEach(stream.Context(), stream.Recv, func(request *logs.ExchangeRequest) error {
		return stream.Send(&logs.ExchangeResponse{Entry: request.GetEntry()})
	})
}
