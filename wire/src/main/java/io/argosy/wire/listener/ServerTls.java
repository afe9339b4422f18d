package io.argosy.wire.listener;

import io.argosy.wire.tls.SelfSignedCertificate;
import io.grpc.netty.shaded.io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslContext;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslContextBuilder;
import java.nio.file.Path;
import javax.net.ssl.SSLException;

/** What a listener shows to clients that speak TLS. */
public final class ServerTls {

    private final SslContext context;

    private ServerTls(SslContext context) {
        this.context = context;
    }

    /**
     * @param certificateChain PEM, own certificate first
     * @param key PEM, PKCS #8, not encrypted
     * @throws SSLException if a file cannot be read or understood
     */
    public static ServerTls ofFiles(Path certificateChain, Path key) throws SSLException {
        return new ServerTls(GrpcSslContexts.forServer(certificateChain.toFile(), key.toFile())
                .build());
    }

    /** @throws SSLException if this JVM has no TLS with ALPN */
    public static ServerTls of(SelfSignedCertificate certificate) throws SSLException {
        return new ServerTls(
                GrpcSslContexts.configure(SslContextBuilder.forServer(certificate.key(), certificate.certificate()))
                        .build());
    }

    SslContext context() {
        return context;
    }
}
