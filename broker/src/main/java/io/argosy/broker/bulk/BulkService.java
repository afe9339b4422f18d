package io.argosy.broker.bulk;

import io.argosy.broker.publish.PublishCompact;
import io.argosy.broker.rpc.ByteBudget;
import io.argosy.broker.rpc.Leadership;
import io.argosy.broker.rpc.StreamService;
import io.argosy.broker.rpc.Timers;
import io.argosy.proto.v1.BulkGrpc;
import io.argosy.proto.v1.FetchRequest;
import io.argosy.wire.bulk.BulkMethods;
import io.argosy.wire.route.RouteSource;
import io.grpc.MethodDescriptor;
import io.grpc.ServerServiceDefinition;
import io.grpc.ServiceDescriptor;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;

/** The service, and what its streams share. */
public final class BulkService implements StreamService {

    private static final MethodDescriptor<FetchRequest, FetchAnswer> FETCH = BulkGrpc.getFetchMethod().toBuilder(
                    BulkGrpc.getFetchMethod().getRequestMarshaller(), new FetchAnswer.Marshaller())
            .build();

    private final Fetching fetching;
    private final PublishCompact publish;
    private final Leadership leadership;
    private final Supplier<List<RouteSource.Replica>> replicas;
    private final Timers timers;
    private final ProduceLimits limits;
    private final ProduceMeter meter;
    private final ByteBudget bytes;
    private final Set<ProduceStream> streams = ConcurrentHashMap.newKeySet();
    private volatile boolean ending;

    /** @param replicas all of the group, as clients reach them; asked when a leader is to be named */
    public BulkService(
            Fetching fetching,
            PublishCompact publish,
            Leadership leadership,
            Supplier<List<RouteSource.Replica>> replicas,
            Timers timers,
            ProduceLimits limits,
            ProduceMeter meter) {
        this.fetching = fetching;
        this.publish = publish;
        this.leadership = leadership;
        this.replicas = replicas;
        this.timers = timers;
        this.limits = limits;
        this.meter = meter;
        this.bytes = new ByteBudget(limits.bytesMax());
        leadership.onChange(() -> timers.schedule(0, () -> streams.forEach(ProduceStream::drain)));
    }

    @Override
    public ServerServiceDefinition definition() {
        ServiceDescriptor descriptor = ServiceDescriptor.newBuilder(BulkGrpc.SERVICE_NAME)
                .setSchemaDescriptor(BulkGrpc.getServiceDescriptor().getSchemaDescriptor())
                .addMethod(BulkMethods.PRODUCE_SERVER)
                .addMethod(FETCH)
                .build();
        return ServerServiceDefinition.builder(descriptor)
                .addMethod(BulkMethods.PRODUCE_SERVER, (call, headers) -> {
                    ProduceStream stream = new ProduceStream(call, this);
                    streams.add(stream);
                    stream.open();
                    if (ending) {
                        stream.end();
                    }
                    return stream;
                })
                .addMethod(FETCH, fetching.handler())
                .build();
    }

    /** Ends each stream as soon as nothing of it is under way; for an orderly stop. */
    public void end() {
        ending = true;
        endStreams();
    }

    @Override
    public void endStreams() {
        streams.forEach(ProduceStream::end);
        fetching.endStreams();
    }

    /** Bytes of batches that are not answered yet; for metrics. */
    public long bytesUnderWay() {
        return bytes.taken();
    }

    void ended(ProduceStream stream) {
        streams.remove(stream);
    }

    /** Where clients reach the leader; empty while none is known. */
    String leaderAddress() {
        Optional<Integer> leader = leadership.view().leader().map(id -> id.value());
        return leader.flatMap(id -> replicas.get().stream()
                        .filter(replica -> replica.id() == id)
                        .findFirst())
                .map(replica -> replica.clientHost() + ":" + replica.clientPort())
                .orElse("");
    }

    PublishCompact publish() {
        return publish;
    }

    Leadership leadership() {
        return leadership;
    }

    Timers timers() {
        return timers;
    }

    ProduceLimits limits() {
        return limits;
    }

    ProduceMeter meter() {
        return meter;
    }

    ByteBudget bytes() {
        return bytes;
    }
}
