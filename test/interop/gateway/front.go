package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"strings"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"interop.test/gateway/gen/bytenite/customer"
	files "interop.test/gateway/gen/files/v1"
	library "interop.test/gateway/gen/library/v1"
	stores "interop.test/gateway/gen/stores/v1"
	logs "interop.test/gateway/gen/streams/v1"
)

// Where ByteNite's API stands on its host.
const customerPrefix = "/v1/customer"

const binaryMediaType = "application/x-protobuf"

type frontSettings struct {
	jsonOnly              bool
	binaryContentType     string
	unescaping            string
	tls                   bool
	http2                 bool
	genericResponseErrors bool
	dropMetadata          bool
	framing               string
}

type front struct {
	origin      string
	certificate string
}

// startFront serves the gateway, with a gRPC connection to the backend behind it.
func startFront(settings frontSettings, backendAddress string) (front, error) {
	connection, err := grpc.NewClient(backendAddress, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return front{}, err
	}
	handler, err := newHandler(settings, connection)
	if err != nil {
		return front{}, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return front{}, err
	}
	server := &http.Server{Handler: handler, Protocols: new(http.Protocols)}
	server.Protocols.SetHTTP1(true)
	if !settings.tls {
		go func() { exitOn(server.Serve(listener)) }()
		return front{origin: "http://" + listener.Addr().String()}, nil
	}

	certificate, text, err := newCertificate()
	if err != nil {
		return front{}, err
	}
	server.Protocols.SetHTTP2(settings.http2)
	server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{certificate}}
	go func() { exitOn(server.ServeTLS(listener, "", "")) }()
	return front{origin: "https://" + listener.Addr().String(), certificate: text}, nil
}

// newHandler has a mux for Customer by itself, because its routes stand under a prefix.
func newHandler(settings frontSettings, connection *grpc.ClientConn) (http.Handler, error) {
	options, err := muxOptions(settings)
	if err != nil {
		return nil, err
	}
	customerMux, mux := runtime.NewServeMux(options...), runtime.NewServeMux(options...)
	if err := customer.RegisterCustomerHandler(context.Background(), customerMux, connection); err != nil {
		return nil, err
	}
	if err := library.RegisterLibraryServiceHandler(context.Background(), mux, connection); err != nil {
		return nil, err
	}
	if err := stores.RegisterStoreServiceHandler(context.Background(), mux, connection); err != nil {
		return nil, err
	}
	if err := files.RegisterFileServiceHandler(context.Background(), mux, connection); err != nil {
		return nil, err
	}
	if err := logs.RegisterLogServiceHandler(context.Background(), mux, connection); err != nil {
		return nil, err
	}
	// Strips both the path and the raw path, which the unescaping modes are about.
	stripped := http.StripPrefix(customerPrefix, customerMux)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w = withCut(w, r)
		if strings.HasPrefix(r.URL.Path, customerPrefix+"/") {
			stripped.ServeHTTP(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	}), nil
}

func muxOptions(settings frontSettings) ([]runtime.ServeMuxOption, error) {
	mode, ok := map[string]runtime.UnescapingMode{
		"legacy":              runtime.UnescapingModeLegacy,
		"all-except-reserved": runtime.UnescapingModeAllExceptReserved,
		"all-except-slash":    runtime.UnescapingModeAllExceptSlash,
		"all-characters":      runtime.UnescapingModeAllCharacters,
	}[settings.unescaping]
	if !ok {
		return nil, fmt.Errorf("there is no unescaping mode %q", settings.unescaping)
	}
	options := []runtime.ServeMuxOption{runtime.WithUnescapingMode(mode)}
	if !settings.jsonOnly {
		options = append(options, runtime.WithMarshalerOption(binaryMediaType, binaryMarshaler(settings.binaryContentType)))
	}
	if settings.framing != "lines" {
		marshaler, err := framedMarshaler(settings.framing)
		if err != nil {
			return nil, err
		}
		options = append(options, runtime.WithMarshalerOption(runtime.MIMEWildcard, marshaler))
	}
	// Until v2.32.0 this was so unless an operator changed it; since v2.33.0 an operator has to ask for it.
	if !settings.dropMetadata {
		options = append(options, runtime.WithLegacyHeaderMatching())
	}
	if settings.genericResponseErrors {
		options = append(options, runtime.WithErrorHandler(answerGenericResponse))
	}
	return options, nil
}

// relabelled is the stock marshaler with another name for what it makes.
type relabelled struct {
	runtime.ProtoMarshaller
	contentType string
}

func (m *relabelled) ContentType(any) string { return m.contentType }

func binaryMarshaler(contentType string) runtime.Marshaler {
	if contentType == "" {
		return &runtime.ProtoMarshaller{}
	}
	return &relabelled{contentType: contentType}
}
