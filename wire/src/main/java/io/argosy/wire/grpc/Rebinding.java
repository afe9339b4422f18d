package io.argosy.wire.grpc;

import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.Marshaller;
import io.grpc.MethodDescriptor.PrototypeMarshaller;
import io.grpc.ServerCallHandler;
import io.grpc.ServerMethodDefinition;
import io.grpc.ServerServiceDefinition;
import io.grpc.ServiceDescriptor;
import java.util.Map;

/** Gives generated methods other marshallers; what is on the wire stays the same. */
public final class Rebinding {

    private Rebinding() {}

    /** The method with {@link AliasingMarshaller} both ways. Keep the result: one per method is enough. */
    public static <Q, A> MethodDescriptor<Q, A> aliasing(MethodDescriptor<Q, A> method) {
        return method.toBuilder(
                        aliasing(method.getRequestMarshaller(), method),
                        aliasing(method.getResponseMarshaller(), method))
                .build();
    }

    /** The method over bytes. Keep the result: one per method is enough. */
    public static MethodDescriptor<ByteString, ByteString> raw(MethodDescriptor<?, ?> method) {
        return method.toBuilder(RawBytesMarshaller.INSTANCE, RawBytesMarshaller.INSTANCE)
                .build();
    }

    /** The service with every method {@link #aliasing}, for {@code ServerBuilder.addService}. */
    public static ServerServiceDefinition aliasing(ServerServiceDefinition service) {
        return withRawMethods(service, Map.of());
    }

    /**
     * The service with some methods served as bytes and all others {@link #aliasing}.
     *
     * @param rawHandlers by generated method descriptor
     * @throws IllegalArgumentException if a handler is given for a method that the service lacks
     */
    public static ServerServiceDefinition withRawMethods(
            ServerServiceDefinition service,
            Map<MethodDescriptor<?, ?>, ServerCallHandler<ByteString, ByteString>> rawHandlers) {
        ServiceDescriptor.Builder descriptor = ServiceDescriptor.newBuilder(
                        service.getServiceDescriptor().getName())
                .setSchemaDescriptor(service.getServiceDescriptor().getSchemaDescriptor());
        var methods = service.getMethods().stream()
                .map(method -> rawHandlers.containsKey(method.getMethodDescriptor())
                        ? ServerMethodDefinition.create(
                                raw(method.getMethodDescriptor()), rawHandlers.get(method.getMethodDescriptor()))
                        : aliasing(method))
                .toList();
        for (MethodDescriptor<?, ?> method : rawHandlers.keySet()) {
            if (service.getMethod(method.getFullMethodName()) == null) {
                throw new IllegalArgumentException("no method " + method.getFullMethodName() + " in "
                        + service.getServiceDescriptor().getName());
            }
        }
        methods.forEach(method -> descriptor.addMethod(method.getMethodDescriptor()));
        ServerServiceDefinition.Builder rebound = ServerServiceDefinition.builder(descriptor.build());
        methods.forEach(rebound::addMethod);
        return rebound.build();
    }

    private static <Q, A> ServerMethodDefinition<Q, A> aliasing(ServerMethodDefinition<Q, A> method) {
        return ServerMethodDefinition.create(aliasing(method.getMethodDescriptor()), method.getServerCallHandler());
    }

    @SuppressWarnings("unchecked") // The prototype is of the marshaller's message class.
    private static <T> Marshaller<T> aliasing(Marshaller<T> marshaller, MethodDescriptor<?, ?> method) {
        if (marshaller instanceof PrototypeMarshaller<T> known
                && known.getMessagePrototype() instanceof Message prototype) {
            return (Marshaller<T>) new AliasingMarshaller<>(prototype);
        }
        throw new IllegalArgumentException(method.getFullMethodName() + " is not a protobuf method");
    }
}
