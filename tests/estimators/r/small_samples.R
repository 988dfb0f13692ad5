# Firth's logistic regression, CR2 errors, Rubin's rules and the ordinal prior on files that test_small_samples_r.py wrote; prints
# "statistic<tab>term<tab>value" lines.
folder <- commandArgs(trailingOnly = TRUE)[1]
say <- function(statistic, terms, values) {
  cat(sprintf("%s\t%s\t%.15g\n", statistic, terms, as.numeric(values)), sep = "")
}

d <- read.csv(file.path(folder, "firth.csv"))
fit <- glm(y ~ x1 + x2, binomial, d, method = brglm2::brglmFit, type = "AS_mean", control = list(epsilon = 1e-11, maxit = 500))
say("firth_coef", names(coef(fit)), coef(fit))
say("firth_se", names(coef(fit)), sqrt(diag(vcov(fit))))
# Tests by the penalised likelihood ratio, the penalty that of the whole model.
penalised <- function(beta, X, y) {
  eta <- drop(X %*% beta)
  p <- plogis(eta)
  sum(y * eta - log1p(exp(eta))) + 0.5 * as.numeric(determinant(crossprod(X, p * (1 - p) * X))$modulus)
}
X <- cbind(1, scale(d$x1), d$x2)
highest <- function(free) {
  f <- function(b) { beta <- numeric(3); beta[free] <- b; -penalised(beta, X, d$y) }
  -optim(numeric(length(free)), f, method = "BFGS", control = list(reltol = 1e-15, maxit = 1000))$value
}
for (j in 2:3) say("firth_p", c("", "x1", "x2")[j], pchisq(2 * (highest(1:3) - highest(setdiff(1:3, j))), 1, lower.tail = FALSE))

d <- read.csv(file.path(folder, "clusters.csv"))
fit <- lm(y ~ x + t + d + factor(g), d)
found <- clubSandwich::coef_test(fit, vcov = clubSandwich::vcovCR(fit, cluster = d$g, type = "CR2"), test = "Satterthwaite")
for (name in c("x", "t", "d")) {
  row <- found[rownames(found) == name, ]
  say("cr2_coef", name, row$beta)
  say("cr2_se", name, row$SE)
  say("cr2_df", name, row$df_Satt)
  say("cr2_p", name, row$p_Satt)
}

d <- read.csv(file.path(folder, "sets.csv"))
pooled <- mice::pool.scalar(d$estimate, d$se^2, n = 90, k = 3)
say("rubin", c("estimate", "total", "df"), c(pooled$qbar, pooled$t, pooled$df))

d <- read.csv(file.path(folder, "ordinal.csv"))
X <- scale(as.matrix(d[, c("x1", "x2")]))
levels <- sort(unique(d$y))
code <- match(d$y, levels)
posterior <- function(b) {
  cuts <- c(-Inf, cumsum(c(b[3], exp(b[-(1:3)]))), Inf)
  eta <- drop(X %*% b[1:2])
  -sum(log(plogis(cuts[code + 1] - eta) - plogis(cuts[code] - eta))) - sum(dnorm(b[1:2], 0, 2.5, log = TRUE))
}
start <- c(0, 0, -1, rep(0, length(levels) - 2))
best <- optim(start, posterior, method = "BFGS", hessian = TRUE, control = list(reltol = 1e-15, maxit = 2000, ndeps = rep(1e-5, length(start))))
wide <- attr(X, "scaled:scale")
say("ordinal_prior_coef", c("x1", "x2"), best$par[1:2] / wide)
say("ordinal_prior_se", c("x1", "x2"), sqrt(diag(solve(best$hessian)))[1:2] / wide)
