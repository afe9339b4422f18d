package io.argosy.benchmarks;

import io.argosy.wire.grpc.PeerEndpoints;
import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.Server;
import io.grpc.ServerServiceDefinition;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.ClientResponseObserver;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/** A gRPC stream over loopback with nothing behind it; apart from its command, for class paths without gRPC. */
final class LoopbackStream {

    private static final int STREAM_MESSAGE_BYTES = 256 << 10;

    private LoopbackStream() {}

    /** Bytes per second through one stream with messages of bytes, both ends in this process. */
    static double bytesPerSecond(Duration time) throws Exception {
        MethodDescriptor<byte[], byte[]> method = MethodDescriptor.<byte[], byte[]>newBuilder()
                .setType(MethodDescriptor.MethodType.CLIENT_STREAMING)
                .setFullMethodName("limits/Stream")
                .setRequestMarshaller(new Bytes())
                .setResponseMarshaller(new Bytes())
                .build();
        AtomicLong received = new AtomicLong();
        Server server = PeerEndpoints.listener(
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 2 * STREAM_MESSAGE_BYTES)
                .addService(ServerServiceDefinition.builder("limits")
                        .addMethod(method, ServerCalls.asyncClientStreamingCall(answer -> new Sink(received, answer)))
                        .build())
                .build()
                .start();
        ManagedChannel channel = PeerEndpoints.channel(
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), server.getPort()),
                        2 * STREAM_MESSAGE_BYTES)
                .build();
        try {
            Source source = new Source();
            var unused = ClientCalls.asyncClientStreamingCall(channel.newCall(method, CallOptions.DEFAULT), source);
            source.pump(Duration.ofSeconds(2));
            long before = received.get();
            long startNanos = System.nanoTime();
            source.pump(time);
            double rate = (received.get() - before) / ((System.nanoTime() - startNanos) / 1e9);
            source.end();
            return rate;
        } finally {
            channel.shutdownNow();
            server.shutdownNow();
        }
    }

    private record Sink(AtomicLong received, StreamObserver<byte[]> answer) implements StreamObserver<byte[]> {
        @Override
        public void onNext(byte[] message) {
            received.addAndGet(message.length);
        }

        @Override
        public void onError(Throwable failure) {
            // The sender knows.
        }

        @Override
        public void onCompleted() {
            answer.onNext(new byte[0]);
            answer.onCompleted();
        }
    }

    private static final class Source implements ClientResponseObserver<byte[], byte[]> {

        private final CountDownLatch started = new CountDownLatch(1);
        private final byte[] message = new byte[STREAM_MESSAGE_BYTES];
        private volatile Optional<ClientCallStreamObserver<byte[]>> stream = Optional.empty();

        @Override
        public void beforeStart(ClientCallStreamObserver<byte[]> requests) {
            stream = Optional.of(requests);
            started.countDown();
        }

        void pump(Duration time) throws InterruptedException {
            started.await();
            ClientCallStreamObserver<byte[]> open = stream.orElseThrow();
            long endNanos = System.nanoTime() + time.toNanos();
            while (System.nanoTime() - endNanos < 0) {
                if (open.isReady()) {
                    open.onNext(message);
                } else {
                    LockSupport.parkNanos(20_000);
                }
            }
        }

        void end() {
            stream.orElseThrow().onCompleted();
        }

        @Override
        public void onNext(byte[] answer) {
            // Nobody waits for it.
        }

        @Override
        public void onError(Throwable failure) {
            // The channel was shut down.
        }

        @Override
        public void onCompleted() {
            // Nobody waits for it.
        }
    }

    private static final class Bytes implements MethodDescriptor.Marshaller<byte[]> {
        @Override
        public InputStream stream(byte[] value) {
            return new ByteArrayInputStream(value);
        }

        @Override
        public byte[] parse(InputStream stream) {
            try {
                return stream.readAllBytes();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
