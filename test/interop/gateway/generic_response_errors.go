package main

import (
	"context"
	"errors"
	"log"
	"net/http"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/grpc/status"

	"interop.test/gateway/gen/bytenite/common"
)

// answerGenericResponse is an error handler of the kind that an API with one response message for all has: the
// error comes in a GenericResponse, in the caller's encoding.
func answerGenericResponse(_ context.Context, _ *runtime.ServeMux, marshaler runtime.Marshaler, w http.ResponseWriter, _ *http.Request, err error) {
	reason := status.Convert(err)
	httpStatus := runtime.HTTPStatusFromCode(reason.Code())
	var routing *runtime.HTTPStatusError
	if errors.As(err, &routing) {
		reason, httpStatus = status.Convert(routing.Err), routing.HTTPStatus
	}
	response := &common.GenericResponse{
		Error: &common.Error{Code: int64(httpStatus), Message: reason.Message()},
	}
	body, err := marshaler.Marshal(response)
	if err != nil {
		log.Print(err)
		http.Error(w, "the error has no encoding", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", marshaler.ContentType(response))
	w.WriteHeader(httpStatus)
	_, _ = w.Write(body) // fails only if the caller has gone
}
