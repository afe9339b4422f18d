package io.argosy.client;

import com.google.protobuf.ByteString;
import io.argosy.proto.v1.BulkGrpc;
import io.argosy.proto.v1.FetchRequest;
import io.argosy.proto.v1.FetchResponse;
import io.argosy.proto.v1.Run;
import io.argosy.proto.v2.Code;
import io.argosy.proto.v2.Message;
import io.argosy.wire.batch.CompactBatchBuilder;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executor;

/** Fetch streams of one replica of a {@link FakeCluster}: batches of ten messages. */
final class FakeBulk extends BulkGrpc.BulkImplBase {

    static final int BATCH = 10;

    private final int replica;
    private final FakeCluster cluster;
    private final Executor threads;

    FakeBulk(int replica, FakeCluster cluster, Executor threads) {
        this.replica = replica;
        this.cluster = cluster;
        this.threads = threads;
    }

    @Override
    public StreamObserver<FetchRequest> fetch(StreamObserver<FetchResponse> answers) {
        var call = (ServerCallStreamObserver<FetchResponse>) answers;
        call.setOnCancelHandler(() -> {});
        return new StreamObserver<>() {
            @Override
            public void onNext(FetchRequest request) {
                threads.execute(() -> {
                    FetchResponse answer = answer(request, call);
                    synchronized (call) {
                        if (!call.isCancelled()) {
                            call.onNext(answer);
                        }
                    }
                });
            }

            @Override
            public void onError(Throwable failure) {}

            @Override
            public void onCompleted() {
                synchronized (call) {
                    call.onCompleted();
                }
            }
        };
    }

    private FetchResponse answer(FetchRequest request, ServerCallStreamObserver<?> call) {
        List<Message> stored = cluster.awaitStored(
                request.getTopic(), request.getQueueId(), request.getOffset(), request.getWaitMillis(), call);
        FetchResponse.Builder answer = FetchResponse.newBuilder()
                .setCorrelation(request.getCorrelation())
                .setMaxOffset(stored.size())
                .setNextOffset(request.getOffset());
        if (request.getOffset() > stored.size()) {
            return answer.setCode(Code.OFFSET_NOT_FOUND_VALUE)
                    .setMessage("outside")
                    .build();
        }
        int bytes = 0;
        int offset = (int) request.getOffset();
        while (offset < stored.size() && (bytes == 0 || bytes < request.getBytesMax())) {
            int base = offset / BATCH * BATCH;
            List<Message> batch = stored.subList(base, Math.min(base + BATCH, stored.size()));
            ByteString payload = ByteString.copyFrom(cluster.compact ? compact(batch) : publish(batch));
            answer.addRuns(Run.newBuilder()
                    .setBaseOffset(offset)
                    .setFirstOrdinal(offset - base)
                    .setCount(base + batch.size() - offset)
                    .setTimestampMillis(2_000)
                    .setPayload(payload));
            bytes += payload.size();
            offset = base + batch.size();
        }
        answer.setCode(bytes == 0 ? Code.MESSAGE_NOT_FOUND_VALUE : Code.OK_VALUE)
                .setNextOffset(offset);
        return cluster.fetchScript.apply(replica, answer.build());
    }

    /** As a broker stores what official clients send. */
    private static ByteBuffer publish(List<Message> messages) {
        int bytes = messages.stream().mapToInt(Message::getSerializedSize).sum();
        ByteBuffer payload = ByteBuffer.allocate(36 + 8 * messages.size() + bytes);
        payload.put(0, (byte) 1).put(1, (byte) 1).putShort(34, (short) messages.size());
        payload.position(36);
        messages.forEach(message -> payload.putInt(message.getSerializedSize()).putInt(0));
        messages.forEach(message -> payload.put(message.toByteArray()));
        return payload.flip();
    }

    private static ByteBuffer compact(List<Message> messages) {
        CompactBatchBuilder builder = new CompactBatchBuilder(new byte[64], "host");
        for (Message message : messages) {
            var system = message.getSystemProperties();
            builder.add(
                    message.getBody().asReadOnlyByteBuffer(),
                    system.hasTag() ? Optional.of(system.getTag()) : Optional.empty(),
                    system.getKeysList(),
                    message.getUserPropertiesMap());
        }
        return builder.seal(new CompactBatchBuilder.Labels(0, 77, 1, 1_000, 5, 100))
                .toByteBuffer();
    }
}
