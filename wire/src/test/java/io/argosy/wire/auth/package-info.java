@NullMarked
package io.argosy.wire.auth;

import org.jspecify.annotations.NullMarked;
