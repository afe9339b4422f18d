package io.argosy.broker.rpc;

import io.grpc.ServerServiceDefinition;

/** A service of the client port whose calls would never end by themselves. */
public interface StreamService {

    ServerServiceDefinition definition();

    /** The port closes: the streams end soon, and clients open new ones elsewhere. Returns at once. */
    void endStreams();
}
