# Fits in R what test_against_r.py has written to a folder, and writes what it finds to results.csv there.
# Usage: Rscript compare.R FOLDER
suppressMessages({
  library(lme4)
  library(glmmTMB)
  library(glmnet)
  library(MASS)
  library(nnet)
})
folder <- commandArgs(trailingOnly = TRUE)[1]
options(digits = 15)
out <- list()
keep <- function(case, model, statistic, term, value) {
  out[[length(out) + 1]] <<- data.frame(case = case, model = model, statistic = statistic, term = term, value = value)
}
keep_all <- function(case, model, statistic, values) {
  for (name in names(values)) keep(case, model, statistic, name, unname(values[name]))
}
read <- function(name) read.csv(file.path(folder, name))
terms <- "y ~ pre + step0 + step1 + post + offset(offset)"

# --- multilevel counts: one file per panel -------------------------------------------------------------------------------
for (file in list.files(folder, "^panel_.*csv$")) {
  case <- sub(".csv", "", file)
  d <- read(file)
  for (covariance in c("correlated", "independent")) {
    random <- if (covariance == "correlated") "+ (1 + time | la)" else "+ (1 | la) + (0 + time | la)"
    f <- as.formula(paste(terms, random))
    for (family in c("poisson", "nbinom2")) {
      # Its standard errors are taken below, at the maximum.
      m <- suppressWarnings(glmmTMB(f, data = d, family = family, se = FALSE))
      model <- paste("glmmTMB", family, covariance)
      # nlminb stops some 1e-4 standard errors from the maximum: Newton steps with TMB's own gradient finish the way, the
      # last of them shorter than anything that is compared.
      at <- m$fit$par
      for (i in 1:4) {
        hessian <- optimHess(at, m$obj$fn, m$obj$gr)
        step <- solve(hessian, as.vector(m$obj$gr(at)))
        at <- at - step
        if (isTRUE(max(abs(step) / sqrt(diag(solve(hessian)))) < 1e-7)) break
      }
      fixed <- names(at) == "beta"
      names_of <- names(fixef(m)$cond)
      keep(case, model, "loglik", "", -m$obj$fn(at))
      keep_all(case, model, "coef", setNames(at[fixed], names_of))
      keep_all(case, model, "se", setNames(sqrt(diag(solve(hessian)))[fixed], names_of))
      sds <- exp(at[names(at) == "theta"])
      keep(case, model, "sd", "intercept", unname(sds[1]))
      keep(case, model, "sd", "slope", unname(sds[2]))
      if (family == "nbinom2") keep(case, model, "log_alpha", "", -unname(at[names(at) == "betad"]))
    }
    # lme4's likelihood at the parameters handed over: its optimiser's tolerance does not enter. Its curvature is that of
    # the last mode but one, so it stays some 1e-6 from the Laplace value even so.
    tight <- glmerControl(optimizer = "bobyqa", tolPwrss = 1e-12, optCtrl = list(maxfun = 1e5, rhoend = 1e-9),
                          check.conv.grad = "ignore", check.conv.singular = "ignore", check.conv.hess = "ignore")
    random <- if (covariance == "correlated") "+ (1 + time | la)" else "+ (1 + time || la)"
    f <- as.formula(paste(terms, random))
    seconds <- system.time(g <- suppressMessages(glmer(f, data = d, family = poisson)), gcFirst = FALSE)[["elapsed"]]
    keep(case, paste("glmer", covariance), "seconds", "", seconds)
    deviance_at <- suppressMessages(glmer(f, data = d, family = poisson, control = tight, devFunOnly = TRUE))
    at <- read(paste0("at_", case, "_", covariance, ".csv"))$value
    keep(case, paste("glmer", covariance), "loglik_at_ours", "", -0.5 * deviance_at(at))
  }
  g <- suppressMessages(glmer(as.formula(paste(terms, "+ (1 | la)")), data = d, family = poisson, nAGQ = 7,
                              control = glmerControl(optimizer = "bobyqa", tolPwrss = 1e-12,
                                                     optCtrl = list(maxfun = 1e5, rhoend = 1e-9))))
  keep_all(case, "glmer intercept nAGQ 7", "coef", fixef(g))
  keep(case, "glmer intercept nAGQ 7", "sd", "intercept", attr(VarCorr(g)$la, "stddev")[[1]])
}

# --- discrete outcomes -----------------------------------------------------------------------------------------------------
d <- read("discrete.csv")
m <- glm(high ~ x0 + x1, data = d, family = binomial, control = glm.control(epsilon = 1e-14))
keep("discrete", "glm", "loglik", "", as.numeric(logLik(m)))
keep_all("discrete", "glm", "coef", coef(m))
keep_all("discrete", "glm", "se", sqrt(diag(vcov(m))))
limits <- suppressMessages(confint(profile(m, maxsteps = 200, del = 0.02)))
keep_all("discrete", "glm", "profile_low", limits[, 1])
keep_all("discrete", "glm", "profile_high", limits[, 2])
m <- polr(factor(judgement, ordered = TRUE) ~ x0 + x1, data = d, Hess = TRUE, control = list(reltol = 1e-15))
keep("discrete", "polr", "loglik", "", as.numeric(logLik(m)))
keep_all("discrete", "polr", "coef", coef(m))
keep_all("discrete", "polr", "se", sqrt(diag(vcov(m)))[1:2])
m <- multinom(factor(judgement) ~ x0 + x1, data = d, trace = FALSE, reltol = 1e-15, abstol = 1e-15, maxit = 1000)
keep("discrete", "multinom", "loglik", "", as.numeric(logLik(m)))
keep_all("discrete", "multinom", "coef", setNames(as.vector(t(coef(m))), paste0("t", seq_along(coef(m)))))
keep_all("discrete", "multinom", "se", setNames(sqrt(diag(vcov(m))), paste0("t", seq_along(coef(m)))))

# --- groups ------------------------------------------------------------------------------------------------------------------
a <- aov(x1 ~ factor(judgement), data = d)
s <- summary(a)[[1]]
keep("discrete", "aov", "F", "", s[["F value"]][1])
keep("discrete", "aov", "p", "", s[["Pr(>F)"]][1])
tukey <- TukeyHSD(a)[[1]]
keep_all("discrete", "TukeyHSD", "p", setNames(tukey[, "p adj"], rownames(tukey)))
r <- suppressWarnings(cor.test(d$judgement, d$x1, method = "spearman", exact = FALSE))
keep("discrete", "cor.test", "rho", "", unname(r$estimate))

# --- elastic net -------------------------------------------------------------------------------------------------------------
d <- read("net.csv")
X <- as.matrix(d[, grep("^v", names(d))])
for (alpha in c(0, 0.5, 1)) {
  model <- paste("glmnet", alpha)
  # The penalties handed over, or glmnet interpolates between each fold's own.
  lambda <- read(paste0("net_lambda_", alpha, ".csv"))$value
  cv <- cv.glmnet(X, d$y, family = "binomial", alpha = alpha, lambda = lambda, foldid = d$fold, thresh = 1e-13)
  first <- glmnet(X, d$y, family = "binomial", alpha = alpha, thresh = 1e-13)
  keep("net", model, "lambda_max", "", first$lambda[1])
  keep("net", model, "lambda_min", "", cv$lambda.min)
  keep("net", model, "lambda_1se", "", cv$lambda.1se)
  at <- which(cv$lambda == cv$lambda.min)
  keep("net", model, "cv_deviance", "", cv$cvm[at])
  keep("net", model, "cv_se", "", cv$cvsd[at])
  keep("net", model, "deviance_explained", "", cv$glmnet.fit$dev.ratio[at])
  b <- as.numeric(coef(cv, s = "lambda.min"))
  keep_all("net", model, "coef", setNames(b, c("const", colnames(X))))
}
write.csv(do.call(rbind, out), file.path(folder, "results.csv"), row.names = FALSE)
