using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using PhotoPlatform.Contracts;
using PhotoPlatform.Messaging.Outbox;
using PhotoPlatform.ServiceDefaults;
using PhotoPlatform.Users.Data;
using PhotoPlatform.Users.Passwords;

namespace PhotoPlatform.Users.Accounts;

/// <summary><c>POST /api/users</c>: creates an account.</summary>
internal static class SignUp
{
    private const string HandleTaken = "This handle is taken.";
    private static readonly HashSet<string> Reserved = ["admin", "administrator", "api", "events", "health", "help", "internal", "login", "me", "media", "photos", "root", "sessions", "settings", "support", "users"];

    internal sealed record Request(string? Email, string? Handle, string? DisplayName, string? Password);

    internal sealed record Response(Guid Id, string Handle);

    internal static async Task<Results<Created<Response>, ProblemHttpResult, ValidationProblem>> HandleAsync(
        Request request, UsersDb db, Outbox<UsersDb> outbox, PasswordGate gate, TimeProvider time, CancellationToken cancellationToken)
    {
        var email = Login.Normalise(request.Email);
        var handle = request.Handle?.Trim().ToLowerInvariant() ?? "";
        var displayName = request.DisplayName?.Trim() ?? "";
        var errors = Validate(email, handle, displayName, request.Password);
        if (!errors.None)
            return errors.ToProblem();

        // The costly part comes before anything that depends on who exists.
        var passwordHash = await gate.HashAsync(PasswordText.Normalise(request.Password!), cancellationToken);
        if (await db.Handles.AnyAsync(taken => taken.Name == handle, cancellationToken))
            return Taken();

        // A free address and a taken one cost the same from here on: one question, and one transaction that writes.
        var owner = await OwnerOfAsync(db, email, cancellationToken);
        db.Database.AutoTransactionBehavior = AutoTransactionBehavior.Always;
        var now = time.GetUtcNow();
        var user = new User { Id = PlatformId.New(time, PlatformId.NewBucket()), Handle = handle, DisplayName = displayName, PasswordHash = passwordHash, CreatedAt = now };
        if (owner is not null)
        {
            TellOwner(outbox, owner, email);
        }
        else
        {
            db.Add(user);
            db.Add(new Handle { Name = handle, UserId = user.Id });
            db.Add(new Login { Email = email, UserId = user.Id });
            outbox.Publish(new UserRegistered(user.Id, handle, displayName, email, now));
        }
        try
        {
            await db.SaveChangesAsync(cancellationToken);
        }
        catch (DbUpdateException exception) when (exception.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation } violation)
        {
            db.ChangeTracker.Clear();
            if (violation.TableName != "logins")
                return Taken();
            // Somebody was faster.
            TellOwner(outbox, await OwnerOfAsync(db, email, cancellationToken) ?? throw new InvalidOperationException("An address was taken and free again meanwhile."), email);
            await db.SaveChangesAsync(cancellationToken);
        }
        return TypedResults.Created("/api/users/me", new Response(user.Id, handle));
    }

    private static Task<User?> OwnerOfAsync(UsersDb db, string email, CancellationToken cancellationToken) =>
        db.Logins.Where(login => login.Email == email).Join(db.Users, login => login.UserId, user => user.Id, (_, user) => user).AsNoTracking().SingleOrDefaultAsync(cancellationToken);

    /// <summary>A taken e-mail address answers like success, so that nobody learns who has an account; its owner gets a mail.</summary>
    private static void TellOwner(Outbox<UsersDb> outbox, User owner, string email) =>
        outbox.Publish(new MailRequested(owner.Id, MailTemplates.AlreadyRegistered, email, new Dictionary<string, string> { ["displayName"] = owner.DisplayName }));

    private static FieldErrors Validate(string email, string handle, string displayName, string? password)
    {
        var errors = new FieldErrors();
        errors.Check("email", Login.IsEmail(email), "Must be an e-mail address, such as ada@example.org.");
        errors.Check("handle", Handle.IsName(handle),
            $"Must be {Handle.MinName} to {Handle.MaxName} letters, digits or underscores.");
        errors.Check("handle", !Reserved.Contains(handle), "This handle is reserved.");
        errors.Check("displayName", User.IsDisplayName(displayName), $"Must be 1 to {User.MaxDisplayName} characters.");
        PasswordPolicy.Check(errors, "password", password, email, handle);
        return errors;
    }

    private static ProblemHttpResult Taken() => TypedResults.Problem(
        new HttpValidationProblemDetails(new Dictionary<string, string[]> { ["handle"] = [HandleTaken] }) { Status = StatusCodes.Status409Conflict, Title = HandleTaken });
}
