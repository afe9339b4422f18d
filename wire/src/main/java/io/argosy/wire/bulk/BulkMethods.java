package io.argosy.wire.bulk;

import io.argosy.proto.v1.BulkGrpc;
import io.argosy.proto.v1.ProduceResponse;
import io.grpc.MethodDescriptor;

/** The methods of the bulk plane with the marshallers of either side. */
public final class BulkMethods {

    /** As a client calls it. */
    public static final MethodDescriptor<BatchOut, ProduceResponse> PRODUCE_CLIENT =
            BulkGrpc.getProduceMethod().toBuilder(
                            new BatchOut.Marshaller(),
                            BulkGrpc.getProduceMethod().getResponseMarshaller())
                    .build();

    /** As a broker serves it. */
    public static final MethodDescriptor<BatchIn, ProduceResponse> PRODUCE_SERVER =
            BulkGrpc.getProduceMethod().toBuilder(
                            new BatchIn.Marshaller(),
                            BulkGrpc.getProduceMethod().getResponseMarshaller())
                    .build();

    private BulkMethods() {}
}
