package io.argosy.broker.command;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** Texts in commands: length in two bytes, then UTF-8. */
final class Texts {

    private Texts() {}

    static byte[] encode(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        if (bytes.length > 0xffff) {
            throw new IllegalArgumentException("text of " + bytes.length + " bytes");
        }
        return bytes;
    }

    static void put(ByteBuffer target, byte[] encoded) {
        target.putShort((short) encoded.length).put(encoded);
    }

    static String get(ByteBuffer source) {
        byte[] bytes = new byte[source.getShort() & 0xffff];
        source.get(bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }
}
