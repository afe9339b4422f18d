package io.argosy.wire.listener;

import io.grpc.netty.shaded.io.grpc.netty.GrpcHttp2ConnectionHandler;
import io.grpc.netty.shaded.io.grpc.netty.InternalProtocolNegotiationEvent;
import io.grpc.netty.shaded.io.grpc.netty.InternalProtocolNegotiator;
import io.grpc.netty.shaded.io.grpc.netty.InternalProtocolNegotiators;
import io.grpc.netty.shaded.io.grpc.netty.ProtocolNegotiationEvent;
import io.grpc.netty.shaded.io.netty.buffer.ByteBuf;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandler;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandlerContext;
import io.grpc.netty.shaded.io.netty.handler.codec.ByteToMessageDecoder;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslContext;
import io.grpc.netty.shaded.io.netty.util.AsciiString;
import java.util.List;

/**
 * Decides by the first byte of a connection: a TLS handshake record starts with 0x16, HTTP/2 with the letter P. Bytes
 * that are neither go the plaintext way, where HTTP/2 refuses them and closes that connection.
 */
final class TlsOrPlaintext implements InternalProtocolNegotiator.ProtocolNegotiator {

    private static final int TLS_HANDSHAKE = 0x16;

    private final InternalProtocolNegotiator.ProtocolNegotiator tls;
    private final InternalProtocolNegotiator.ProtocolNegotiator plaintext =
            InternalProtocolNegotiators.serverPlaintext();

    TlsOrPlaintext(SslContext context) {
        this.tls = InternalProtocolNegotiators.serverTls(context);
    }

    @Override
    public AsciiString scheme() {
        return plaintext.scheme();
    }

    @Override
    public ChannelHandler newHandler(GrpcHttp2ConnectionHandler grpcHandler) {
        return new FirstByte(grpcHandler);
    }

    @Override
    public void close() {
        tls.close();
        plaintext.close();
    }

    private final class FirstByte extends ByteToMessageDecoder {

        private final GrpcHttp2ConnectionHandler grpcHandler;
        private ProtocolNegotiationEvent negotiation = InternalProtocolNegotiationEvent.getDefault();

        FirstByte(GrpcHttp2ConnectionHandler grpcHandler) {
            this.grpcHandler = grpcHandler;
        }

        @Override
        protected void decode(ChannelHandlerContext context, ByteBuf in, List<Object> out) {
            int first = in.getUnsignedByte(in.readerIndex());
            ChannelHandler next = (first == TLS_HANDSHAKE ? tls : plaintext).newHandler(grpcHandler);
            context.pipeline().addAfter(context.name(), null, next);
            context.fireUserEventTriggered(negotiation);
            // Hands the bytes that it has collected, the first one included, to the handler behind it.
            context.pipeline().remove(this);
        }

        /** gRPC starts a negotiation with this event; it waits until there is somebody to negotiate. */
        @Override
        public void userEventTriggered(ChannelHandlerContext context, Object event) throws Exception {
            if (event instanceof ProtocolNegotiationEvent started) {
                negotiation = started;
            } else {
                super.userEventTriggered(context, event);
            }
        }
    }
}
