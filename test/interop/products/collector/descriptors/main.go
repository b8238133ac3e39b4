// Writes the descriptors of OTLP's services, which their generated Go code carries, as a google.protobuf.FileDescriptorSet.
package main

import (
	"log"
	"os"

	logs "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	metrics "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	trace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
)

func main() {
	set := &descriptorpb.FileDescriptorSet{}
	seen := map[string]bool{}
	for _, file := range []protoreflect.FileDescriptor{
		trace.File_opentelemetry_proto_collector_trace_v1_trace_service_proto,
		metrics.File_opentelemetry_proto_collector_metrics_v1_metrics_service_proto,
		logs.File_opentelemetry_proto_collector_logs_v1_logs_service_proto,
	} {
		add(set, seen, file)
	}
	bytes, err := proto.Marshal(set)
	if err == nil {
		_, err = os.Stdout.Write(bytes)
	}
	if err != nil {
		log.Fatal(err)
	}
}

// add puts a file after those that it imports.
func add(set *descriptorpb.FileDescriptorSet, seen map[string]bool, file protoreflect.FileDescriptor) {
	if seen[file.Path()] {
		return
	}
	seen[file.Path()] = true
	for i := range file.Imports().Len() {
		add(set, seen, file.Imports().Get(i).FileDescriptor)
	}
	set.File = append(set.File, protodesc.ToFileDescriptorProto(file))
}
