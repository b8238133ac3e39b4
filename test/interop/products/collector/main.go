// The OpenTelemetry Collector's OTLP receiver, unmodified, in front of consumers that record what reaches them. It prints one
// line of JSON when it serves, and ends when its standard input does.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"os"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/otlpreceiver"
	"go.opentelemetry.io/otel/metric/noop"
	nooptrace "go.opentelemetry.io/otel/trace/noop"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

// host is a component.Host without extensions.
type host struct{}

func (host) GetExtensions() map[component.ID]component.Component { return nil }

func main() {
	log.SetFlags(0)
	if err := serve(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func serve(ctx context.Context) error {
	received := &record{times: map[string]int64{}}
	// The receiver tells only its log which port it got.
	core, logged := observer.New(zap.InfoLevel)
	otlp, err := newReceiver(ctx, received, zap.New(core))
	if err != nil {
		return err
	}
	if err := otlp.Start(ctx, host{}); err != nil {
		return err
	}
	defer otlp.Shutdown(ctx)
	started := logged.FilterMessage("Starting HTTP server").All()
	if len(started) != 1 {
		return fmt.Errorf("the receiver logged no address: %v", logged.All())
	}
	controlURL, err := startControl(received)
	if err != nil {
		return err
	}

	ready := map[string]string{
		"origin":     fmt.Sprintf("http://%v", started[0].ContextMap()["endpoint"]),
		"controlUrl": controlURL,
	}
	if err := json.NewEncoder(os.Stdout).Encode(ready); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

// newReceiver makes one receiver of traces, metrics and logs, over HTTP, with its defaults for all but the address.
func newReceiver(ctx context.Context, received *record, logger *zap.Logger) (component.Component, error) {
	factory := otlpreceiver.NewFactory()
	config := factory.CreateDefaultConfig().(*otlpreceiver.Config)
	config.Protocols.HTTP.GetOrInsertDefault().ServerConfig.NetAddr.Endpoint = "127.0.0.1:0"
	settings := receiver.Settings{ID: component.NewID(factory.Type())}
	settings.Logger = logger
	settings.MeterProvider = noop.NewMeterProvider()
	settings.TracerProvider = nooptrace.NewTracerProvider()

	traces, err := consumer.NewTraces(received.traces)
	if err != nil {
		return nil, err
	}
	metrics, err := consumer.NewMetrics(received.metrics)
	if err != nil {
		return nil, err
	}
	logs, err := consumer.NewLogs(received.logs)
	if err != nil {
		return nil, err
	}
	// All three are the same component, because they have the same config.
	if _, err := factory.CreateMetrics(ctx, settings, config, metrics); err != nil {
		return nil, err
	}
	if _, err := factory.CreateLogs(ctx, settings, config, logs); err != nil {
		return nil, err
	}
	return factory.CreateTraces(ctx, settings, config, traces)
}
