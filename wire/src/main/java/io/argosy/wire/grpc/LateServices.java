package io.argosy.wire.grpc;

import io.grpc.HandlerRegistry;
import io.grpc.ServerMethodDefinition;
import io.grpc.ServerServiceDefinition;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Services that join a listener after its start: what they need may itself need the listener. Until then their methods
 * are unimplemented.
 */
public final class LateServices extends HandlerRegistry {

    private final Map<String, ServerMethodDefinition<?, ?>> methodsByName = new ConcurrentHashMap<>();

    public void add(ServerServiceDefinition service) {
        for (ServerMethodDefinition<?, ?> method : service.getMethods()) {
            methodsByName.put(method.getMethodDescriptor().getFullMethodName(), method);
        }
    }

    @Override
    public @Nullable ServerMethodDefinition<?, ?> lookupMethod(String methodName, @Nullable String authority) {
        return methodsByName.get(methodName);
    }
}
